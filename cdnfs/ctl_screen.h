/* ctl_screen - lines for people: cut to the terminal's width and coloured there, plain everywhere else. */
#ifndef CDNFS_CTL_SCREEN_H
#define CDNFS_CTL_SCREEN_H

#include "common/base.h"
#include <stdbool.h>
#include <stdio.h>

struct ctl_screen {
	FILE *out;	      /* main() asks ferror() once */
	unsigned width, rows; /* 0: no terminal, nothing is cut */
	bool colour;
	bool fixed; /* drawn again and again in its place: no line may wrap */
};

/* Marks inside of a line; they take no room. Text from servers goes through ctl_term_fit() first, which lets none pass. */
#define SCREEN_GOOD "\001"
#define SCREEN_WARN "\002"
#define SCREEN_BAD "\003"
#define SCREEN_HEAD "\004"
#define SCREEN_PLAIN "\005"

/* As f is now. */
void ctl_screen_open(struct ctl_screen *s, FILE *f);
/* One line of a table: too long a one is cut on a terminal. */
void ctl_screen_line(const struct ctl_screen *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* One that is worth being read whole: it wraps, unless the screen is fixed. */
void ctl_screen_text(const struct ctl_screen *s, const char *fmt, ...) ATTR_PRINTF(2, 3);

#endif
