#include "cdnfs/ctl_screen.h"
#include "cdnfs/ctl_term.h"
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define ROWS_UNKNOWN 24

void ctl_screen_open(struct ctl_screen *s, FILE *f)
{
	struct winsize size;

	*s = (struct ctl_screen){
		.out = f, .width = ctl_term_width(f), .colour = ctl_term_colour(f)
	};
	if (!s->width)
		return;
	s->rows = ROWS_UNKNOWN;
	if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && size.ws_row)
		s->rows = size.ws_row;
}

static void put(const struct ctl_screen *s, const char *text, unsigned width)
{
	static const char *const colours[] = { "", "\033[32m", "\033[33m", "\033[31m", "\033[1m",
		"\033[0m" };
	unsigned used = 0;
	size_t len;
	int cells;

	for (; *text; text += len) {
		len = 1;
		if ((unsigned char)*text < ARRAY_LEN(colours)) {
			if (s->colour)
				(void)fputs(colours[(unsigned char)*text], s->out);
			continue;
		}
		len = ctl_term_character(text, &cells);
		if (cells < 0)
			cells = 1;
		if ((unsigned)cells > width - used)
			continue; /* cut; marks behind it still count */
		used += (unsigned)cells;
		(void)fwrite(text, 1, len, s->out);
	}
	(void)fputc('\n', s->out);
}

static void ATTR_PRINTF(3, 0)
	print(const struct ctl_screen *s, unsigned width, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		return; /* memory is out: what follows fails, too */
	put(s, text, width);
	free(text);
}

void ctl_screen_line(const struct ctl_screen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(s, s->width ? s->width : UINT_MAX, fmt, ap);
	va_end(ap);
}

void ctl_screen_text(const struct ctl_screen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(s, s->width && s->fixed ? s->width : UINT_MAX, fmt, ap);
	va_end(ap);
}
