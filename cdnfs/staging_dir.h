/* staging_dir - the folder of staged files, and files in it that nobody can see. Used ones are emptied and used again: a small file
 * costs no inode that is made and deleted, and ext4 without a journal searches long past those that were deleted lately. */
#ifndef CDNFS_STAGING_DIR_H
#define CDNFS_STAGING_DIR_H

#include <stddef.h>

#define STAGING_IDLE 64 /* files that are kept for the next */

struct staging_dir;

/* A folder that can hold staged files, which is made when it is missing. 0 and *out, or -errno with a sentence in error. */
int staging_dir_open(const char *path, struct staging_dir **out, char *error, size_t cap);
void staging_dir_close(struct staging_dir **d); /* all of its files are given back */
/* An empty file without a name. Descriptor, to be given back or closed: then its bytes go; or -errno. A folder that somebody
 * removed is made anew, and the log says so; -EIO when that failed. Any thread. */
int staging_temp(struct staging_dir *d);
void staging_give_back(struct staging_dir *d, int fd);

#endif
