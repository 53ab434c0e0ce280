#include "cdnfs/ctl_watch.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The command's output, and its sentence when it failed. 0 or -ENOMEM. */
static int take(struct ctl *c, int (*run)(struct ctl *c, char **argv), char **argv, char **text)
{
	char *made = NULL;
	size_t len;
	FILE *f = open_memstream(&made, &len);
	int rc;

	if (!f)
		return -ENOMEM;
	ctl_screen_open(&c->screen, stdout);
	c->screen.fixed = c->screen.width > 0;
	c->screen.out = f;
	c->error[0] = '\0';
	rc = run(c, argv);
	if (rc < 0)
		fprintf(f, "cdnctl: %s\n", c->error[0] ? c->error : strerror(-rc));
	c->error[0] = '\0';
	c->screen.out = stdout;
	rc = ferror(f) ? -ENOMEM : 0;
	if (fclose(f) != 0 || rc < 0) {
		free(made);
		return -ENOMEM;
	}
	*text = made;
	return 0;
}

static void clock_text(char *out, size_t cap)
{
	time_t now = time(NULL);
	struct tm tm;

	*out = '\0';
	if (localtime_r(&now, &tm))
		(void)strftime(out, cap, "%H:%M:%S", &tm); /* it fits */
}

/* Over what was drawn before; what does not fit below is left out. */
static void draw(struct ctl *c, const char *title, double seconds, const char *text)
{
	unsigned left = c->screen.rows > 2 ? c->screen.rows - 2 : 1;
	char now[16];

	clock_text(now, sizeof(now));
	fprintf(stdout, "\033[H");
	fprintf(stdout, "\033[2K");
	ctl_screen_line(&c->screen, "cdnctl %s, every %g s: %s", title, seconds, now);
	for (; *text && left; left--) {
		size_t len = strcspn(text, "\n");

		fprintf(stdout, "%.*s\033[K%s", (int)len, text, left > 1 ? "\n" : "");
		text += len + (text[len] == '\n');
	}
	fprintf(stdout, "\033[J");
}

static void pause_for(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		continue;
}

int ctl_watch(struct ctl *c, const char *title, double seconds,
	int (*run)(struct ctl *c, char **argv), char **argv)
{
	bool first = true;
	char *text;
	int rc;

	for (;;) {
		rc = take(c, run, argv, &text);
		if (rc < 0)
			return ctl_fail(c, rc, "memory is out");
		if (c->screen.width && first)
			fprintf(stdout, "\033[2J");
		if (c->screen.width)
			draw(c, title, seconds, text);
		else
			(void)fputs(text, stdout); /* asked below */
		free(text);
		if (fflush(stdout) != 0 || ferror(stdout))
			return ctl_fail(c, -EIO, "cannot write the answer");
		first = false;
		pause_for(seconds);
	}
}
