/* extent - where a file has bytes, and where it has holes. */
#ifndef COMMON_EXTENT_H
#define COMMON_EXTENT_H

#include <stdint.h>

/* The first piece of data within [at, end). 0 and where it is, cut to that; -ENXIO: nothing but a hole. Where the file system cannot
 * tell, all is data. The descriptor's offset is moved. */
int extent_next(int fd, uint64_t at, uint64_t end, uint64_t *from, uint64_t *to);

/* The room that the first `size` bytes, which are all of it, take: without the holes. */
uint64_t extent_bytes(int fd, uint64_t size);

#endif
