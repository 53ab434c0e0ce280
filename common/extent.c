#include "common/extent.h"

#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

#define BLOCK 512 /* the unit of st_blocks */

int extent_next(int fd, uint64_t at, uint64_t end, uint64_t *from, uint64_t *to)
{
	off_t data, hole;

	if (at >= end)
		return -ENXIO;
	data = lseek(fd, (off_t)at, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return -ENXIO;
	if (data < 0)
		data = (off_t)at;
	if ((uint64_t)data >= end)
		return -ENXIO;
	hole = lseek(fd, data, SEEK_HOLE);
	*from = (uint64_t)data;
	*to = hole <= data || (uint64_t)hole > end ? end : (uint64_t)hole;
	return 0;
}

bool extent_full(const struct stat *st)
{
	return (uint64_t)st->st_blocks * BLOCK >= (uint64_t)st->st_size;
}

uint64_t extent_bytes(int fd, uint64_t at, uint64_t end)
{
	uint64_t sum = 0, from;
	struct stat st;

	if (at < end && fstat(fd, &st) == 0 && extent_full(&st))
		return end - at;
	while (extent_next(fd, at, end, &from, &at) == 0)
		sum += at - from;
	return sum;
}
