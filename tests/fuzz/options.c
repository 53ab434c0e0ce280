/* links: common */
#include "common/options.h"
#include "common/base.h"
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct conf {
	char *listen;
	uint64_t size, workers;
	bool reads;
};

static const struct option_row rows[] = {
	{ "listen", NULL, OPTION_TEXT, offsetof(struct conf, listen), "x", "HOST:PORT", "", 0 },
	{ "max-storage", NULL, OPTION_SIZE, offsetof(struct conf, size), NULL, "SIZE", "", 0 },
	{ "workers", NULL, OPTION_COUNT, offsetof(struct conf, workers), "4", "N", "", 64 },
	{ "protect-reads", NULL, OPTION_BOOL, offsetof(struct conf, reads), NULL, "BOOL", "", 0 },
};

static void check(int rc, struct conf *conf, const char *error)
{
	if (rc == 0) {
		assert(conf->listen && conf->workers <= 64 && conf->size <= INT64_MAX);
		options_release(rows, ARRAY_LEN(rows), conf);
	} else {
		assert(rc > 0 || (rc == -EINVAL && *error));
	}
	assert(!conf->listen);
}

/* As a file. */
static void check_file(const uint8_t *data, size_t len)
{
	char path[40], error[200] = "", name[] = "fuzz", *argv[] = { name, NULL };
	struct conf conf = { 0 };
	int fd = memfd_create("options", MFD_CLOEXEC), npos, rc;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = options_load(
		rows, ARRAY_LEN(rows), &conf, 1, argv, &npos, path, false, error, sizeof(error));
	check(rc, &conf, error);
	close(fd);
}

/* As arguments, one a line. */
static void check_flags(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), *rest = text, *argv[66] = { text }, error[200] = "";
	struct conf conf = { 0 };
	int argc = 1, npos = 0, rc;

	if (!text)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	while (argc < 65 && (argv[argc] = strsep(&rest, "\n")))
		argc++;
	rc = options_load(
		rows, ARRAY_LEN(rows), &conf, argc, argv, &npos, NULL, true, error, sizeof(error));
	assert(npos >= 0 && npos < argc);
	check(rc, &conf, error);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	check_file(data, len);
	check_flags(data, len);
	return 0;
}
