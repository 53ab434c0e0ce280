#include "common/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* text: TOKEN_MAX + 2 bytes. */
static int read_line(const char *file, char *text, char *error, size_t cap)
{
	FILE *f = fopen(file, "re");
	int rc = 0;

	text[0] = '\0';
	if (!f || (!fgets(text, TOKEN_MAX + 2, f) && ferror(f)))
		rc = -errno;
	if (f)
		(void)fclose(f); /* was only read */
	if (rc < 0) {
		(void)snprintf(error, cap, "token file: cannot read %s: %s", file, strerror(-rc));
		return rc;
	}
	text[strcspn(text, "\r\n")] = '\0';
	if (text[0] && strlen(text) <= TOKEN_MAX)
		return 0;
	(void)snprintf(error, cap,
		"token file: the first line of %s must be a token of 1 to %d bytes", file,
		TOKEN_MAX);
	return -EINVAL;
}

int token_load(const char *file, char **out, char *error, size_t cap)
{
	char text[TOKEN_MAX + 2], *copy = NULL;
	const char *from = file ? text : getenv("CDN_TOKEN");
	int rc = file ? read_line(file, text, error, cap) : 0;

	if (rc == 0 && from && *from) {
		copy = strdup(from);
		rc = copy ? 0 : -ENOMEM;
		if (rc < 0)
			(void)snprintf(error, cap, "out of memory");
	}
	if (file)
		explicit_bzero(text, sizeof(text));
	if (rc == 0)
		*out = copy;
	return rc;
}

void token_release(char **token)
{
	if (*token)
		explicit_bzero(*token, strlen(*token));
	free(*token);
	*token = NULL;
}
