/* staging_dir - the folder of staged files, and files in it that nobody can see. */
#ifndef CDNFS_STAGING_DIR_H
#define CDNFS_STAGING_DIR_H

#include <stddef.h>

/* A folder that can hold staged files. 0 and *fd, or -errno with a sentence in error. */
int staging_dir_open(const char *path, int *fd, char *error, size_t cap);
/* A new file without a name; its bytes go when it is closed. Descriptor or -errno. */
int staging_temp(int dirfd);

#endif
