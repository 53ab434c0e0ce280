#include "cdnfs/ctl_term.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define WIDTH_UNKNOWN 80

unsigned ctl_term_width(FILE *f)
{
	struct winsize size;

	if (!isatty(fileno(f)))
		return 0;
	if (ioctl(fileno(f), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH_UNKNOWN;
	return size.ws_col;
}

bool ctl_term_colour(FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(f)) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

size_t ctl_term_character(const char *text, int *cells)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t len = mbrtowc(&wide, text, MB_CUR_MAX, &state);

	if (len == 0 || len > MB_CUR_MAX) {
		*cells = -1;
		return 1;
	}
	*cells = wcwidth(wide);
	return len;
}

unsigned ctl_term_fit(const char *text, unsigned cells, char *out, size_t cap)
{
	size_t at = 0, cut = 0, len;
	unsigned used = 0, cut_used = 0;
	int wide;

	for (; *text; text += len) {
		len = ctl_term_character(text, &wide);
		if (used + (wide < 0 ? 1U : (unsigned)wide) > cells || at + len + 4 > cap)
			break;
		if (wide < 0) {
			out[at++] = '?';
			wide = 1;
		} else {
			memcpy(out + at, text, len);
			at += len;
		}
		used += (unsigned)wide;
		if (used + 3 <= cells) {
			cut = at;
			cut_used = used;
		}
	}
	if (*text && cells >= 3 && cut + 4 <= cap) {
		memcpy(out + cut, "...", 3);
		at = cut + 3;
		used = cut_used + 3;
	}
	if (cap)
		out[at] = '\0';
	return used;
}

void ctl_term_bar(double part, double whole, unsigned cells, char *out, size_t cap)
{
	unsigned inside = cells > 2 ? cells - 2 : 0, filled;

	if (cap < 3) {
		if (cap)
			*out = '\0';
		return;
	}
	if (inside > cap - 3)
		inside = (unsigned)cap - 3;
	filled = whole > 0 && part > 0 ? (unsigned)((double)inside * part / whole) : 0;
	if (filled > inside || (whole > 0 && part >= whole))
		filled = inside;
	*out++ = '[';
	memset(out, '#', filled);
	memset(out + filled, '-', inside - filled);
	memcpy(out + inside, "]", 2);
}

void ctl_term_duration(unsigned long long s, char *out, size_t cap)
{
	if (s < 60)
		(void)snprintf(out, cap, "%llu s", s); /* here and below: or cut */
	else if (s < 3600)
		(void)snprintf(out, cap, "%llu:%02llu", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(out, cap, "%llu:%02llu:%02llu", s / 3600, s % 3600 / 60, s % 60);
	else
		(void)snprintf(out, cap, "%llu d %llu h", s / 86400, s % 86400 / 3600);
}
