/* model: random operations on a tree that two directories show (two mounts, or one directory given twice), compared with
 * a model after each. Ends with status 0, or 1 and the operations that led to what is wrong. */
#include "tests/model/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

unsigned run_random(struct run *r, unsigned n)
{
	/* xorshift64*, Vigna 2016 */
	r->random ^= r->random >> 12;
	r->random ^= r->random << 25;
	r->random ^= r->random >> 27;
	return (unsigned)((r->random * 2685821657736338717ULL) >> 33) % n;
}

void run_note(struct run *r, const char *fmt, ...)
{
	char *line = r->log[r->op % LOG], text[200];
	size_t len = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* or cut */
	va_end(ap);
	if (strtoul(line, NULL, 10) != r->op) {
		(void)snprintf(line, sizeof(r->log[0]), "%lu: ", r->op); /* fits */
		len = strlen(line);
	}
	(void)snprintf(line + len, sizeof(r->log[0]) - len, "%s", text); /* or cut */
	if (r->trace)
		fprintf(stderr, "%lu: %s\n", r->op, text);
}

void run_fail(const struct run *r, const char *fmt, ...)
{
	va_list ap;

	for (unsigned long i = r->op < LOG ? 1 : r->op - LOG + 1; i <= r->op; i++)
		if (strtoul(r->log[i % LOG], NULL, 10) == i)
			printf("%s\n", r->log[i % LOG]);
	printf("WRONG: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

/* Adds "/name" for each directory from the root down to dir. */
static void add_dir(const struct run *r, int dir, char *out, size_t cap)
{
	int up = r->model.inode[dir].parent;
	size_t len;

	if (dir == 0)
		return;
	add_dir(r, up, out, cap);
	len = strlen(out);
	for (int k = 0; k < NAMES; k++)
		if (r->model.inode[up].child[k] == dir)
			(void)snprintf(out + len, cap - len, "/%c", 'a' + k); /* fits */
}

void run_path(const struct run *r, int side, struct place p, char out[PATH_MAX])
{
	size_t len;

	(void)snprintf(out, PATH_MAX, "%s", r->root[side]); /* main has checked its length */
	add_dir(r, p.dir, out, PATH_MAX);
	len = strlen(out);
	if (p.name >= 0)
		(void)snprintf(out + len, PATH_MAX - len, "/%c", 'a' + p.name); /* fits */
}

static int usage(void)
{
	fprintf(stderr, "usage: model [-s SEED] [-n OPERATIONS | -t SECONDS] [-v] DIR DIR2\n"
			"DIR is empty, DIR2 shows the same. A seed repeats a run; -v prints each "
			"operation.\n");
	return 2;
}

static struct run run;

int main(int argc, char **argv)
{
	unsigned long seed = (unsigned long)time(NULL), most = 1000;
	time_t end = 0;
	struct stat st;
	int opt;

	while ((opt = getopt(argc, argv, "s:n:t:v")) != -1) {
		if (opt == 's')
			seed = strtoul(optarg, NULL, 10);
		else if (opt == 'n')
			most = strtoul(optarg, NULL, 10);
		else if (opt == 't')
			end = time(NULL) + strtol(optarg, NULL, 10);
		else if (opt == 'v')
			run.trace = true;
		else
			return usage();
	}
	if (argc - optind != 2 || strlen(argv[optind]) > PATH_MAX / 2 ||
		strlen(argv[optind + 1]) > PATH_MAX / 2)
		return usage();
	run.root[0] = argv[optind];
	run.root[1] = argv[optind + 1];
	if (stat(run.root[0], &st) < 0) {
		fprintf(stderr, "model: %s: %s\n", run.root[0], strerror(errno));
		return 2;
	}
	run.local = strcmp(run.root[0], run.root[1]) == 0;
	(void)umask(0);
	printf("seed %lu\n", seed);
	run.random = seed * 2 + 1;
	model_init(&run.model, st.st_mode);
	for (int h = 0; h < HELD; h++)
		run.held[h].fd = -1;
	compare_all(&run);
	while (end ? time(NULL) < end : run.op < most)
		step(&run);
	hold_end_all(&run);
	compare_all(&run);
	model_release(&run.model);
	printf("%lu operations\n", run.op);
	return 0;
}
