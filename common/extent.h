/* extent - where a file has bytes, and where it has holes. */
#ifndef COMMON_EXTENT_H
#define COMMON_EXTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* The first piece of data within [at, end). 0 and where it is, cut to that; -ENXIO: nothing but a hole. Where the file system cannot
 * tell, all is data. The descriptor's offset is moved. */
int extent_next(int fd, uint64_t at, uint64_t end, uint64_t *from, uint64_t *to);

/* Bytes of data within [at, end): what they take of a disk, in whole blocks where they border on holes. */
uint64_t extent_bytes(int fd, uint64_t at, uint64_t end);
/* Has a file of that kind no holes? Not known: false. */
bool extent_full(const struct stat *st);

#endif
