/* ctl_term - what a terminal can show. */
#ifndef CDNFS_CTL_TERM_H
#define CDNFS_CTL_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Columns; 0 when f is no terminal. A terminal that does not say has 80. */
unsigned ctl_term_width(FILE *f);
/* A terminal that knows colours, of a person who wants them (NO_COLOR unset or empty). */
bool ctl_term_colour(FILE *f);
/* Bytes of the character at text (not at its end), and in *cells its columns, as the locale counts them; -1: it would move
 * the cursor, or is none. */
size_t ctl_term_character(const char *text, int *cells);
/* text in at most `cells` columns, as the locale counts them; what is cut ends in "...". Bytes that would move the cursor
 * become '?'. out is always NUL-terminated; one that is too small cuts, too. Returns the columns used. */
unsigned ctl_term_fit(const char *text, unsigned cells, char *out, size_t cap);
/* "[####----]", `cells` columns with its brackets, of which part/whole is filled. part > whole: full. */
void ctl_term_bar(double part, double whole, unsigned cells, char *out, size_t cap);
/* Seconds as people read them: "5 s", "3:07", "1:02:03", "4 d 3 h". */
void ctl_term_duration(unsigned long long seconds, char *out, size_t cap);

#endif
