/* model - a tree of files in memory, by the rules of POSIX, for comparing with a real one. Plain data: the
 * operations return 0 or -errno as the system call must, and change nothing when they fail. */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define NAMES 6	       /* names of one directory: "a" to "f" */
#define INODES 200     /* at most, with those that are gone and still open */
#define DEPTH 4	       /* directories in a path */
#define DATA_MAX 98304 /* bytes of a file */
#define TARGET_MAX 40

struct inode {
	bool used;
	mode_t mode; /* with type */
	uid_t uid;
	gid_t gid;
	unsigned nlink, opened; /* freed when both are 0 */
	int64_t mtime_ns;	/* -1: whatever the time was */
	size_t size;
	unsigned char *data; /* DATA_MAX bytes of a regular file; those behind size are 0 */
	char target[TARGET_MAX];
	int child[NAMES], parent; /* of a directory; -1: none. The root is its own parent */
};

/* Index 0 is the root. */
struct model {
	struct inode inode[INODES];
};

/* A place in the tree: a directory that is there, and one of its names. */
struct place {
	int dir;
	int name;
};

void model_init(struct model *m, mode_t root_mode);
void model_release(struct model *m);
/* The inode at p; -1: none. */
int model_at(const struct model *m, struct place p);
/* How many directories are above and including this one. */
int model_depth(const struct model *m, int dir);
bool model_is_dir(const struct model *m, int i);
bool model_is_file(const struct model *m, int i);

/* A new inode of any type, named p. target: of a link, else NULL. */
int model_create(struct model *m, struct place p, mode_t mode, const char *target);
int model_unlink(struct model *m, struct place p);
int model_rmdir(struct model *m, struct place p);
int model_link(struct model *m, int inode, struct place p);
/* flags: of renameat2. */
int model_rename(struct model *m, struct place from, struct place to, unsigned flags);
/* Of a regular file; at most DATA_MAX. */
void model_truncate(struct model *m, int inode, size_t size);
void model_write(struct model *m, int inode, size_t off, const unsigned char *bytes, size_t len);
/* Open files stay when their last name goes. */
void model_hold(struct model *m, int inode);
void model_unhold(struct model *m, int inode);

#endif
