#include "common/sign.h"

#include "common/name.h"
#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <string.h>

#define SHA256_BYTES 32
#define EXPIRES_DIGITS 15 /* some ten million years */

int sign_hmac(const void *key, size_t key_len, const void *data, size_t len, char hex[SIGN_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char mac[SHA256_BYTES];

	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, key_len, data, len, mac) < 0)
		return -EIO;
	for (size_t i = 0; i < sizeof(mac); i++) {
		hex[2 * i] = digits[mac[i] >> 4];
		hex[2 * i + 1] = digits[mac[i] & 15];
	}
	hex[SIGN_TEXT - 1] = '\0';
	return 0;
}

void sign_path(struct buf *out, const char *path)
{
	size_t start = out->len;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n) {
			buf_adds(out, "/");
			name_url(out, path, n);
		}
		path += n + (path[n] == '/');
	}
	if (out->len == start)
		buf_adds(out, "/");
}

int sign_link(const char *token, const char *path, uint64_t expires, char hex[SIGN_TEXT])
{
	struct buf message = BUF_INIT;
	int rc;

	buf_adds(&message, "cdn-url-1\n");
	sign_path(&message, path);
	buf_addf(&message, "\n%" PRIu64, expires);
	rc = buf_error(&message);
	if (rc == 0)
		rc = sign_hmac(token, strlen(token), buf_str(&message), message.len, hex);
	buf_release(&message);
	return rc;
}

/* Exactly as PRIu64 writes it. */
static int parse_expires(const char *text, uint64_t *out)
{
	size_t len = strspn(text, "0123456789");
	uint64_t n = 0;

	if (len == 0 || len > EXPIRES_DIGITS || text[len] || text[0] == '0')
		return -EKEYREJECTED;
	for (size_t i = 0; i < len; i++)
		n = n * 10 + (unsigned)(text[i] - '0');
	*out = n;
	return 0;
}

int sign_check(const char *token, const char *path, const char *expires, const char *signature,
	uint64_t *out)
{
	char right[SIGN_TEXT];
	uint64_t until;
	int rc = parse_expires(expires, &until);

	if (rc == 0)
		rc = sign_link(token, path, until, right);
	if (rc < 0)
		return rc;
	if (strlen(signature) != SIGN_TEXT - 1 ||
		gnutls_memcmp(signature, right, SIGN_TEXT - 1) != 0)
		return -EKEYREJECTED;
	*out = until;
	return 0;
}
