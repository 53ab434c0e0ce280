/* settings - what mount options, the environment and /etc/cdnfs.conf say: one table for the three, and for --help. cdnctl
 * reads the last two as well. */
#ifndef CDNFS_SETTINGS_H
#define CDNFS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_FILE "/etc/cdnfs.conf"

/* Texts are on the heap. */
struct settings {
	char *url, *staging, *log_level, *locks;		/* never NULL once loaded */
	char *stats, *token_file, *ca_file, *uid, *gid, *umask; /* NULL: not given */
	uint64_t memory;					/* bytes */
	uint64_t timeout, attr_timeout, negative_timeout, mount_timeout; /* seconds */
	uint64_t threads;
};

/* Fills *s (zeroed) from defaults, file (may be absent) and environment. 0, or -errno and a sentence; *s
 * then needs no release, though it may have one. */
int settings_load(struct settings *s, const char *file, char *error, size_t cap);
/* One more, as options_set(); `where` begins the sentence about it. */
int settings_set(struct settings *s, const char *name, const char *value, const char *where,
	char *error, size_t cap);
bool settings_know(const char *name);
void settings_help(void);
void settings_release(struct settings *s);

#endif
