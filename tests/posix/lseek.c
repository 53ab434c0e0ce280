/* lseek, with holes; files larger than 4 GiB. */
#include "tests/posix/posix.h"

#include <sys/mman.h>

CASE(positions)
{
	int fd;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDWR));
	SAME(3, lseek(fd, 3, SEEK_SET));
	SAME(5, lseek(fd, 2, SEEK_CUR));
	SAME(4, lseek(fd, -1, SEEK_CUR));
	SAME(8, lseek(fd, -2, SEEK_END));
	SAME(1000, lseek(fd, 990, SEEK_END)); /* past the end, which changes nothing */
	SAME(10, SIZE("a"));
	FAILS(EINVAL, lseek(fd, -1, SEEK_SET));
	FAILS(EINVAL, lseek(fd, -11, SEEK_END));
	FAILS(EINVAL, lseek(fd, 0, 99));
	FAILS(EBADF, lseek(-1, 0, SEEK_SET));
	SAME(1000, lseek(fd, 0, SEEK_CUR));
}

CASE(the_end_is_that_of_now)
{
	int fd, other;

	PUT("a", "0123456789");
	fd = OK(open("a", O_RDONLY));
	other = OK(open("a", O_RDWR));
	SAME(10, lseek(fd, 0, SEEK_END));
	SAME(5, pwrite(other, "abcde", 5, 10));
	SAME(15, lseek(fd, 0, SEEK_END));
	OK(ftruncate(other, 3));
	SAME(3, lseek(fd, 0, SEEK_END));
}

CASE(data_and_holes)
{
	static char text[4096];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	memset(text, 'x', sizeof(text));
	SAME(4096, pwrite(fd, text, 4096, 0));
	SAME(4096, pwrite(fd, text, 4096, 1 << 20));
	FAILS(ENXIO, lseek(fd, (1 << 20) + 4096, SEEK_DATA));
	FAILS(ENXIO, lseek(fd, (1 << 20) + 4096, SEEK_HOLE));
	FAILS(ENXIO, lseek(fd, -1, SEEK_DATA));
	SAME(0, lseek(fd, 0, SEEK_DATA));
	SAME(1 << 20, lseek(fd, 1 << 20, SEEK_DATA));
	SAME((1 << 20) + 4096, lseek(fd, 1 << 20, SEEK_HOLE)); /* at the end there is one */
	SAME(4096, lseek(fd, 0, SEEK_HOLE));
	SAME(1 << 20, lseek(fd, 8192, SEEK_DATA));
	SAME(8192, lseek(fd, 8192, SEEK_HOLE));
	OK(close(fd));
	fd = OK(open("a", O_RDONLY));
	SAME(4096, lseek(fd, 0, SEEK_HOLE));
	SAME(1 << 20, lseek(fd, 8192, SEEK_DATA));
	SAME((1 << 20) + 4096, lseek(fd, 1 << 20, SEEK_HOLE));
	FAILS(ENXIO, lseek(fd, (1 << 20) + 4096, SEEK_DATA));
}

CASE(data_written_to_memory)
{
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));
	char *map;

	OK(ftruncate(fd, 1 << 20));
	FAILS(ENXIO, lseek(fd, 0, SEEK_DATA));
	map = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRUE(map != MAP_FAILED);
	map[65536] = 'x';
	SAME(65536, lseek(fd, 0, SEEK_DATA));
	SAME(65536 + 4096, lseek(fd, 65536, SEEK_HOLE));
	OK(munmap(map, 1 << 20));
	SAME(65536, lseek(fd, 0, SEEK_DATA));
}

CASE(data_of_a_changed_file)
{
	static char text[4096];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 4; i++)
		SAME(4096, pwrite(fd, text, 4096, i << 16));
	OK(fsync(fd));
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 16, 4096));
	SAME(2 << 16, lseek(fd, 4096, SEEK_DATA));
	OK(ftruncate(fd, 3 << 16));
	SAME(4096, pwrite(fd, text, 4096, 1 << 20));
	SAME(1 << 20, lseek(fd, (2 << 16) + 4096, SEEK_DATA));
	OK(fsync(fd));
	SAME(4096, lseek(fd, 0, SEEK_HOLE));
	SAME(2 << 16, lseek(fd, 4096, SEEK_DATA));
	SAME(1 << 20, lseek(fd, (2 << 16) + 4096, SEEK_DATA));
}

CASE(data_of_an_empty_file)
{
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	FAILS(ENXIO, lseek(fd, 0, SEEK_DATA));
	FAILS(ENXIO, lseek(fd, 0, SEEK_HOLE));
}

CASE(more_than_4_gib)
{
	const off_t far = (5LL << 30) + 12345;
	char got[8];
	int fd = OK(open("a", O_RDWR | O_CREAT, 0644));

	SAME(3, pwrite(fd, "abc", 3, far));
	SAME(far + 3, FSTAT(fd).st_size);
	SAME(far + 3, lseek(fd, 0, SEEK_END));
	SAME(3, pread(fd, got, 8, far));
	SAME(0, memcmp(got, "abc", 3));
	SAME(8, pread(fd, got, 8, 1LL << 32));
	SAME(0, memcmp(got, "\0\0\0\0\0\0\0\0", 8));
	OK(ftruncate(fd, (1LL << 32) + 1));
	SAME((1LL << 32) + 1, FSTAT(fd).st_size);
	OK(unlink("a")); /* what it would cost to keep is not the matter here */
}
