/* run - random operations on a tree that two directories show, each followed by a comparison with the model. */
#ifndef TESTS_MODEL_RUN_H
#define TESTS_MODEL_RUN_H

#include "common/base.h"
#include "tests/model/model.h"

#include <limits.h>

#define HELD 6	  /* files held open at once */
#define RANGES 12 /* writes through one held file */
#define LOG 40	  /* operations that are told when one goes wrong */
#define WRITE_MAX 20000

/* A file held open. What a writer wrote is seen by the other side when it closes. */
struct held {
	int fd; /* -1: none */
	int side, inode;
	bool writes, append;
	size_t ranges;
	struct {
		size_t off, len;
		unsigned char *bytes;
	} range[RANGES];
	unsigned char *saw; /* a reader's version, `size` bytes */
	size_t size;
};

struct run {
	struct model model;
	const char *root[2]; /* the same tree, twice */
	bool local;	     /* one directory: what is written is seen at once */
	uint64_t random;     /* state of the generator */
	unsigned long op;
	struct held held[HELD];
	char log[LOG][200];
	bool trace;
};

/* The generator; below n. */
unsigned run_random(struct run *r, unsigned n);
/* Adds to the line of the present operation; with `trace` it is printed too. */
void run_note(struct run *r, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Says what is wrong and the last operations, and ends the program with status 1. */
_Noreturn void run_fail(const struct run *r, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Path of p as `side` sees it. */
void run_path(const struct run *r, int side, struct place p, char out[PATH_MAX]);

/* --- compare.c --- */
/* One name, through both sides: type, mode, owner, links, size, time, target, bytes. */
void compare_name(const struct run *r, struct place p);
/* A directory's names and link count, through both sides. */
void compare_dir(const struct run *r, int dir);
void compare_all(const struct run *r);
/* Does this side have unsaid writes to the inode? Then its view is not compared. */
bool compare_skips(const struct run *r, int side, int inode);

/* --- hold.c --- */
/* What this side changes itself, its readers see. */
void hold_forget_readers(struct run *r, int side, int inode);
/* Bytes behind which nothing may be read from a held reader any more. */
void hold_shrunk(struct run *r, int inode, size_t size);
bool hold_is_written(const struct run *r, int side, int inode);
void hold_step(struct run *r);	  /* opens, writes through, or closes one */
void hold_end_all(struct run *r); /* closes all */

/* --- steps.c --- */
void step(struct run *r); /* one operation of either side, compared */

#endif
