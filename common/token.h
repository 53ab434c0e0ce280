/* token - the secret that clients of the CDN show, from a file or the environment. */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include <stddef.h>

#define TOKEN_MAX 4096 /* bytes */

/* The first line of `file`, or with NULL the variable CDN_TOKEN. *out is the caller's, for token_release;
 * NULL: there is none, which only the variable may say. 0, -EINVAL, or the -errno of reading, with a sentence. */
int token_load(const char *file, char **out, char *error, size_t cap);
/* Wipes and frees; NULL-safe. */
void token_release(char **token);

#endif
