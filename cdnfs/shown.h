/* shown - what uid=, gid= and umask= make of a file's owner and permissions, in this mount only. Pure but for names of users. */
#ifndef CDNFS_SHOWN_H
#define CDNFS_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct shown {
	bool has_uid, has_gid;
	uint32_t uid, gid;
	uint32_t mask; /* permission bits that nobody has */
};

/* NULL: not given. Users and groups by number or name, umask in octal. 0, or -EINVAL with a sentence and *out untouched. */
int shown_parse(const char *uid, const char *gid, const char *umask, struct shown *out, char *error,
	size_t cap);
void shown_apply(const struct shown *s, struct stat *st);

#endif
