/* ctl_progress - one line on stderr about long work: name, part, bytes, rate, time left. Only on a terminal. */
#ifndef CDNFS_CTL_PROGRESS_H
#define CDNFS_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Of zeros: shows nothing. */
struct ctl_progress {
	FILE *out;	      /* NULL: nothing is shown */
	const char *label;    /* borrowed until the end */
	uint64_t done, total; /* bytes; total 0: unknown */
	int64_t began_ms;     /* clock_ms() */
	int64_t drawn_ms;     /* 0: not yet */
	int64_t rate_ms;      /* when rate was taken */
	uint64_t rate_at;     /* `done` then */
	double rate;	      /* bytes a second, smoothed; 0: not known yet */
};

/* Where to; f is left alone when it is no terminal. */
void ctl_progress_open(struct ctl_progress *p, FILE *f);
void ctl_progress_begin(struct ctl_progress *p, const char *label, uint64_t total);
/* So far. Draws what is large or lasts, a few times a second. */
void ctl_progress_set(struct ctl_progress *p, uint64_t done, uint64_t total);
/* A line that was drawn is completed, or wiped away when the work failed. */
void ctl_progress_end(struct ctl_progress *p, bool good);

#endif
