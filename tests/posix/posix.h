/* posix - the harness of the conformance cases: what a file of cases needs, and nothing of ours, so that the same
 * cases run in any directory. A case is a function that CASE defines; its group is its file's name. It runs as root in a
 * process of its own, in a new empty directory, with umask 022. It ends well by returning, and badly at the first check
 * that does not hold. Blocks of AS(uid) run as that user and group alone. */
#ifndef POSIX_POSIX_H
#define POSIX_POSIX_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define USER 65534  /* an ordinary user, and his group */
#define OTHER 65533 /* another */

struct posix_case {
	const char *file, *name;
	void (*run)(void);
	struct posix_case *next;
};

void posix_register(struct posix_case *c);

#define CASE(word)                                                                                 \
	static void case_##word(void);                                                             \
	static struct posix_case entry_##word = { __FILE__, #word, case_##word, NULL };            \
	__attribute__((constructor)) static void register_##word(void)                             \
	{                                                                                          \
		posix_register(&entry_##word);                                                     \
	}                                                                                          \
	static void case_##word(void)

/* Ends the case badly, with a line that says where and why. */
_Noreturn void posix_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The value of a call that must succeed (is not -1). */
long long posix_ok(long long value, const char *call, const char *file, int line);
#define OK(call) posix_ok(call, #call, __FILE__, __LINE__)

/* A call that must return -1 with this errno; EITHER: with one of the two. */
void posix_fails(
	long long value, int want, int other, const char *call, const char *file, int line);
#define FAILS(want, call) posix_fails(call, want, want, #call, __FILE__, __LINE__)
#define EITHER(want, other, call) posix_fails(call, want, other, #call, __FILE__, __LINE__)

/* Two numbers that must be the same. */
void posix_same(long long want, long long got, const char *what, const char *file, int line);
#define SAME(want, got) posix_same((long long)(want), (long long)(got), #got, __FILE__, __LINE__)

#define TRUE(what) ((what) ? (void)0 : posix_fail(__FILE__, __LINE__, "not so: %s", #what))

/* Both outcomes are right by POSIX, and this is the one that docs/posix.md tells of: it is said, and must be so. */
void posix_may(const char *text);
#define MAY(holds, text) (TRUE(holds), posix_may(text))

/* A block that runs as this user, with his group alone and no capabilities, in a process of its own: what it changes
 * in memory is not seen outside. IN: with these groups besides. */
bool posix_enter(uid_t uid, gid_t gid, gid_t more, const char *file, int line);
_Noreturn void posix_leave(void);
#define IN(uid, gid, more)                                                                         \
	for (bool in_ = posix_enter(uid, gid, more, __FILE__, __LINE__); in_;                      \
		in_ = false, posix_leave())
#define AS(uid) IN(uid, uid, uid)

/* The block runs in a process of its own, as root, beside the case; the value is its process id. */
pid_t posix_fork(void);
/* It must have ended well. */
void posix_join(pid_t pid, const char *file, int line);
#define JOIN(pid) posix_join(pid, __FILE__, __LINE__)

/* Times. `at` is a path, not followed when it is a symbolic link. */
#define ATIME 1
#define MTIME 2
#define CTIME 4
struct stat posix_stat(const char *at, const char *file, int line);
struct stat posix_fstat(int fd, const char *file, int line);
#define STAT(at) posix_stat(at, __FILE__, __LINE__)
#define FSTAT(fd) posix_fstat(fd, __FILE__, __LINE__)
/* Long enough that a change now has another time than one before. */
void posix_tick(void);
/* The times in `moved` are later than in `was`, the others the same. */
void posix_times(
	const struct stat *was, const struct stat *is, unsigned moved, const char *file, int line);
#define TIMES(at, was, moved)                                                                      \
	posix_times(was, &(struct stat[]){ STAT(at) }[0], moved, __FILE__, __LINE__)
#define FTIMES(fd, was, moved)                                                                     \
	posix_times(was, &(struct stat[]){ FSTAT(fd) }[0], moved, __FILE__, __LINE__)

/* Things to work on, made or failed. */
void posix_put(const char *path, const char *text, const char *file, int line);
#define PUT(path, text) posix_put(path, text, __FILE__, __LINE__)
#define FILE_(path) PUT(path, "")
#define DIR_(path) OK(mkdir(path, 0755))
/* The file has this content. */
void posix_has(const char *path, const char *text, const char *file, int line);
#define HAS(path, text) posix_has(path, text, __FILE__, __LINE__)
/* Nothing has that name. */
#define ABSENT(path) FAILS(ENOENT, faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW))
#define MODE(at) (STAT(at).st_mode & 07777)
#define NLINK(at) (STAT(at).st_nlink)
#define SIZE(at) (STAT(at).st_size)

/* A name of n bytes; path of n bytes, "./././…". Lives until the next call. */
const char *posix_name(size_t n);
const char *posix_path(size_t n);

/* What every call that takes a path must refuse: no such directory, a file as directory, names and paths that are too
 * long, loops, directories that may not be searched. */
void posix_path_errors(int (*call)(const char *path), const char *file, int line);
#define PATH_ERRORS(call) posix_path_errors(call, __FILE__, __LINE__)

/* What every call that makes a name must do: refuse one that is there (of any type) with EEXIST, a directory that may
 * not be written to; take names of 255 bytes and of any bytes. remove: takes away what it made. */
void posix_new_name(
	int (*call)(const char *path), int (*remove)(const char *path), const char *file, int line);
#define NEW_NAME(call, remove) posix_new_name(call, remove, __FILE__, __LINE__)

/* One of every type that can be made here, by name: file dir symlink fifo socket chr blk; `count` of them. */
extern const char *const posix_types[];
enum { TYPE_FILE, TYPE_DIR, TYPE_SYMLINK, TYPE_FIFO, TYPE_SOCKET, TYPE_CHR, TYPE_BLK, TYPES };
void posix_make(int type, const char *path);
/* Takes away whatever that is. */
int posix_remove(const char *path);

#endif
