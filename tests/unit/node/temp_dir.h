/* temp_dir - a folder for one test, gone after it. */
#ifndef TESTS_UNIT_NODE_TEMP_DIR_H
#define TESTS_UNIT_NODE_TEMP_DIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct temp_dir {
	char path[64];
};

static inline int temp_dir_remove_one(
	const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void temp_dir_make(struct temp_dir *d)
{
	strcpy(d->path, "/tmp/node-test.XXXXXX");
	if (!mkdtemp(d->path))
		abort();
}

static inline void temp_dir_remove(struct temp_dir *d)
{
	if (nftw(d->path, temp_dir_remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		abort();
}

/* Bytes of the file, or -1 when it is not there. */
static inline long long temp_dir_size(const struct temp_dir *d, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", d->path, name);
	return stat(path, &st) < 0 ? -1 : (long long)st.st_size;
}

#endif
