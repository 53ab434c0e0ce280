/* links: node/form node/multipart node/multipart_header */
#include "node/form.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The first byte says how the body is cut into pieces; whole and in pieces must give the same. */
struct seen {
	size_t files, bytes;
	uint64_t sum;
};

static int on_file(void *ctx, const struct multipart_part *part)
{
	struct seen *s = ctx;

	assert(strlen(part->filename) == part->filename_len);
	s->files++;
	return 0;
}

static int on_data(void *ctx, const void *data, size_t len)
{
	struct seen *s = ctx;
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		s->sum = s->sum * 31 + p[i];
	s->bytes += len;
	return 0;
}

static int parse(const uint8_t *data, size_t len, size_t step, struct seen *s)
{
	static const struct form_ops ops = { .file = on_file, .data = on_data };
	struct form f;
	size_t n, text;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = form_init(&f, "B", &ops, s);
	for (size_t i = 0; rc == 0 && i < len; i += step) {
		char *copy;

		n = len - i < step ? len - i : step;
		copy = malloc(n);
		memcpy(copy, data + i, n);
		rc = form_feed(&f, copy, n);
		free(copy);
	}
	if (rc == 0)
		rc = form_finish(&f);
	for (int i = 0; i < FORM_FIELDS; i++) {
		const char *value = form_text(&f, (enum form_field)i, &text);

		assert(!value || strlen(value) == text);
	}
	form_release(&f);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char type[256], boundary[MULTIPART_BOUNDARY];
	struct seen whole, pieces;
	int rc;

	if (size < 1)
		return 0;
	memset(type, 0, sizeof(type));
	memcpy(type, data + 1, size - 1 < 255 ? size - 1 : 255);
	(void)multipart_boundary(type, boundary);
	rc = parse(data + 1, size - 1, size, &whole);
	assert(parse(data + 1, size - 1, data[0] % 64 + 1, &pieces) == rc);
	assert(rc < 0 || memcmp(&whole, &pieces, sizeof(whole)) == 0);
	return 0;
}
