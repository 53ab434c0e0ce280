/* load - what bench.sh times: sequential input and output, and many small files, by plain system calls.
 * Prints the seconds taken; nothing, and 1, when a call failed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK (1U << 20)

static unsigned char block[BLOCK];

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* is always there */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Bytes that no two blocks of a run share, and that do not compress. */
static void fill(uint64_t seed)
{
	uint64_t x = seed * 0x9E3779B97F4A7C15ULL + 1;

	for (size_t i = 0; i < BLOCK; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(block + i, &x, sizeof(x));
	}
}

static int put(int fd, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, block + done, len - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

/* Writes a new file of `count` times `len` bytes. */
static int write_file(const char *path, long count, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), rc = 0;

	if (fd < 0)
		return -errno;
	for (long i = 0; !rc && i < count; i++) {
		memcpy(block, &i, sizeof(i));
		rc = put(fd, len);
	}
	if (close(fd) < 0 && !rc)
		rc = -errno;
	return rc;
}

/* Reads all of it; an empty file is an error. */
static int read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	uint64_t total = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, block, BLOCK)) > 0)
		total += (uint64_t)n;
	if (n < 0)
		rc = -errno;
	else if (!total)
		rc = -ENODATA;
	if (close(fd) < 0 && !rc)
		rc = -errno;
	return rc;
}

/* One of the `count` small files in `dir`. */
static int small(const char *what, const char *dir, long i, size_t len)
{
	char path[4096], to[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/f%ld", dir, i) >= sizeof(path) ||
		(size_t)snprintf(to, sizeof(to), "%s/g%ld", dir, i) >= sizeof(to))
		return -ENAMETOOLONG;
	if (!strcmp(what, "create"))
		return write_file(path, 1, len);
	if (!strcmp(what, "read-all"))
		return read_file(path);
	if (!strcmp(what, "rename"))
		return rename(path, to) < 0 ? -errno : 0;
	if (!strcmp(what, "unlink"))
		return unlink(to) < 0 ? -errno : 0;
	return -EINVAL;
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
	long len = argc > 4 ? strtol(argv[4], NULL, 10) : 0;
	double start;
	int rc = 0;

	if (argc < 3 || count < 0 || len < 0 || len > BLOCK) {
		fprintf(stderr, "load write FILE MIB | read FILE | create DIR N BYTES | "
				"read-all|rename|unlink DIR N\n");
		return 2;
	}
	fill((uint64_t)getpid());
	start = now();
	if (!strcmp(argv[1], "write"))
		rc = write_file(argv[2], count, BLOCK);
	else if (!strcmp(argv[1], "read"))
		rc = read_file(argv[2]);
	else
		for (long i = 0; !rc && i < count; i++)
			rc = small(argv[1], argv[2], i, (size_t)len);
	if (rc < 0) {
		fprintf(stderr, "load %s %s: %s\n", argv[1], argv[2], strerror(-rc));
		return 1;
	}
	printf("%.6f\n", now() - start);
	return 0;
}
