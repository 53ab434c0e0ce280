/* sign - signatures of links that stand for the cluster's token: HMAC-SHA256 (RFC 2104 with FIPS 180-4's
 * SHA-256, by GnuTLS) with the token as the key, over
 *
 *   "cdn-url-1" LF PATH LF EXPIRES
 *
 * PATH is a path as sign_path() writes it, EXPIRES the link's last second since 1970, in decimal digits. */
#ifndef COMMON_SIGN_H
#define COMMON_SIGN_H

#include "common/buf.h"
#include <stddef.h>
#include <stdint.h>

#define SIGN_TEXT 65 /* 64 lower-case hex digits and a NUL */

/* The HMAC of len bytes. 0, or -EIO when GnuTLS refuses. */
int sign_hmac(const void *key, size_t key_len, const void *data, size_t len, char hex[SIGN_TEXT]);

/* Adds the one form of a decoded path: no slash doubled or at the end ("/" alone stays), every byte but
 * letters, digits and "-._~/" as %XX in capitals. */
void sign_path(struct buf *out, const char *path);

/* The signature of a link to `path` (decoded). 0, -ENOMEM, -EIO. */
int sign_link(const char *token, const char *path, uint64_t expires, char hex[SIGN_TEXT]);

/* Checks what a link carries, in a time that does not tell how much of it was right. 0 and *out: when it
 * expires, which is the caller's to compare with the clock; -EKEYREJECTED: the signature is not that of this
 * path and expiry, or one of them has a form that sign_link() does not make; -ENOMEM, -EIO. */
int sign_check(const char *token, const char *path, const char *expires, const char *signature,
	uint64_t *out);

#endif
