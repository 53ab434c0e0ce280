#include "node/form.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct seen {
	struct buf bytes;
	char filename[512], type[128];
	size_t filename_len;
	uint64_t offset;
};

static int on_file(void *ctx, const struct multipart_part *part)
{
	struct seen *s = ctx;

	memcpy(s->filename, part->filename, part->filename_len + 1);
	s->filename_len = part->filename_len;
	strcpy(s->type, part->type);
	s->offset = part->offset;
	return 0;
}

static int on_data(void *ctx, const void *data, size_t len)
{
	struct seen *s = ctx;

	buf_add(&s->bytes, data, len);
	return buf_error(&s->bytes);
}

static const struct form_ops ops = { .file = on_file, .data = on_data };

/* Feeds `step` bytes at a time. Returns what feeding or finishing returned. */
static int parse(const char *boundary, const char *body, size_t len, size_t step, struct form *f,
	struct seen *s)
{
	int rc = 0;

	memset(s, 0, sizeof(*s));
	assert_int_equal(form_init(f, boundary, &ops, s), 0);
	for (size_t i = 0; rc == 0 && i < len; i += step) {
		size_t n = len - i < step ? len - i : step;
		char *copy = malloc(n); /* so that a sanitizer sees a read past the piece */

		memcpy(copy, body + i, n);
		rc = form_feed(f, copy, n);
		free(copy);
	}
	return rc < 0 ? rc : form_finish(f);
}

static void release(struct form *f, struct seen *s)
{
	form_release(f);
	buf_release(&s->bytes);
}

#define BODY                                                                                       \
	"preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n33\r\n"            \
	"--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.txt\"\r\n"        \
	"Content-Type: text/plain\r\n\r\n\r\n--X\r\n--XY\r\r\n-hello\r\n\r\n--XX  \r\n"            \
	"content-disposition: form-data; name=other\r\n\r\n\r\n--XX--\r\nepilogue"

static void pieces_of_any_size_give_the_same(void **state)
{
	static const char want[] = "\r\n--X\r\n--XY\r\r\n-hello\r\n";
	struct form f;
	struct seen s;
	size_t len;

	(void)state;
	for (size_t step = 1; step < sizeof(BODY); step++) {
		assert_int_equal(parse("XX", BODY, sizeof(BODY) - 1, step, &f, &s), 0);
		assert_string_equal(form_text(&f, FORM_ID, &len), "33");
		assert_null(form_text(&f, FORM_PATH, &len));
		assert_string_equal(s.filename, "a\"b.txt");
		assert_string_equal(s.type, "text/plain");
		assert_int_equal(s.bytes.len, sizeof(want) - 1);
		assert_memory_equal(s.bytes.data, want, sizeof(want) - 1);
		assert_memory_equal(&(BODY)[s.offset], want, sizeof(want) - 1);
		release(&f, &s);
	}
}

static void truncated_anywhere_is_an_error(void **state)
{
	struct form f;
	struct seen s;
	size_t end = (size_t)(strstr(BODY, "--XX--") - BODY) + strlen("--XX--");

	(void)state;
	for (size_t len = 0; len < end; len++) {
		assert_int_equal(parse("XX", BODY, len, 7, &f, &s), -EBADMSG);
		assert_true(strlen(f.error) > 0);
		release(&f, &s);
	}
}

static void filenames(void **state)
{
	static const struct {
		const char *header, *name;
	} good[] = {
		{ "filename=\"\"", "" },
		{ "filename=plain.txt", "plain.txt" },
		{ "filename=\"a\\\"b\\\\c\"", "a\"b\\c" },
		{ "filename=\"C:\\dir\\f\"", "C:\\dir\\f" },
		{ "filename=\"100%\"", "100%" },
		{ "filename=\"a%41\"", "a%41" },
		{ "filename=\"a%0D%0A%22\"", "a\r\n\"" },
		{ "filename=\"x\"; filename*=UTF-8''%C3%A9%41", "\xc3\xa9"
								"A" },
		{ "FileName = \"spaced\"", "spaced" },
		{ "filename=\"semi;colon\"", "semi;colon" },
	};
	static const char *const bad[] = { "filename=\"open", "filename*=UTF-8''%00",
		"filename*=nonsense", "filename=\"x\"y" };
	char body[1024];
	struct form f;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(body, sizeof(body),
			"--B\r\nContent-Disposition: form-data; %s; "
			"name=\"file\"\r\n\r\nx\r\n--B--",
			good[i].header);
		assert_int_equal(parse("B", body, strlen(body), 1000, &f, &s), 0);
		assert_string_equal(s.filename, good[i].name);
		release(&f, &s);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(body, sizeof(body),
			"--B\r\nContent-Disposition: form-data; name=\"file\"; "
			"%s\r\n\r\nx\r\n--B--",
			bad[i]);
		assert_int_equal(parse("B", body, strlen(body), 1000, &f, &s), -EBADMSG);
		release(&f, &s);
	}
}

static void broken_bodies(void **state)
{
	static const char *const bad[] = {
		"",
		"--B--",
		"--Bx\r\n",
		"--B\r\nno colon\r\n\r\n\r\n--B--",
		"--B\r\nContent-Disposition: attachment; name=\"file\"\r\n\r\n\r\n--B--",
		"--B\nContent-Disposition: form-data; name=\"file\"\n\n\n--B--",
		"--B\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--B--",
		"--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n"
		"--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n--B--",
		"--B\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n1\r\n"
		"--B\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n1\r\n--B--",
	};
	struct form f;
	struct seen s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(parse("B", bad[i], strlen(bad[i]), 3, &f, &s), -EBADMSG);
		assert_true(strlen(f.error) > 0);
		release(&f, &s);
	}
}

/* prefix, `n` times the filler, suffix */
static int parse_long(const char *prefix, const char *filler, size_t n, const char *suffix)
{
	struct buf b = BUF_INIT;
	struct form f;
	struct seen s;
	int rc;

	buf_adds(&b, prefix);
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, filler);
	buf_adds(&b, suffix);
	rc = parse("B", b.data, b.len, 4096, &f, &s);
	release(&f, &s);
	buf_release(&b);
	return rc;
}

static void limits_hold(void **state)
{
#define PART "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n"
#define FILE_PART "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n"
#define FIELD_PART "--B\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n"
#define END "\r\n--B--"
	(void)state;
	assert_int_equal(parse_long("", PART, 63, FILE_PART "\r\n" END), 0);
	assert_int_equal(parse_long("", PART, 64, FILE_PART "\r\n" END), -EBADMSG);
	assert_int_equal(parse_long(FILE_PART, "X-Long: 1\r\n", 100, "\r\n" END), 0);
	assert_int_equal(parse_long(FILE_PART, "X-Long: 1\r\n", 1000, "\r\n" END), -EBADMSG);
	assert_int_equal(parse_long("", "pre", 20000, "\r\n" FILE_PART "\r\n" END), 0);
	assert_int_equal(parse_long("", "pre", 30000, "\r\n" FILE_PART "\r\n" END), -EBADMSG);
	assert_int_equal(parse_long(FIELD_PART, "p", 4096, "\r\n" FILE_PART "\r\n" END), 0);
	assert_int_equal(parse_long(FIELD_PART, "p", 4097, "\r\n" FILE_PART "\r\n" END), -EBADMSG);
	assert_int_equal(parse_long(FILE_PART "\r\n" END, "post", 30000, ""), -EBADMSG);
}

static void boundaries(void **state)
{
	char out[MULTIPART_BOUNDARY], type[200];

	(void)state;
	assert_int_equal(multipart_boundary(NULL, out), 0);
	assert_int_equal(multipart_boundary("text/plain", out), 0);
	assert_int_equal(multipart_boundary("multipart/form-dataX; boundary=a", out), 0);
	assert_int_equal(multipart_boundary("multipart/form-data", out), -EINVAL);
	assert_int_equal(multipart_boundary("multipart/form-data; boundary=", out), -EINVAL);
	assert_int_equal(
		multipart_boundary("multipart/form-data; boundary=\"a\x01\"", out), -EINVAL);
	assert_int_equal(
		multipart_boundary("Multipart/Form-Data; charset=x; Boundary=\"a'b\"", out), 1);
	assert_string_equal(out, "a'b");
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%070d", 1);
	assert_int_equal(multipart_boundary(type, out), 1);
	snprintf(type, sizeof(type), "multipart/form-data; boundary=%071d", 1);
	assert_int_equal(multipart_boundary(type, out), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size_give_the_same),
		cmocka_unit_test(truncated_anywhere_is_an_error),
		cmocka_unit_test(filenames),
		cmocka_unit_test(broken_bodies),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
