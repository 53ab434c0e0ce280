#include "cdnfs/ctl_progress.h"
#include "cdnfs/ctl_term.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/size.h"
#include <string.h>

#define LARGE (8U << 20) /* bytes: shown from the start */
#define LONG_MS 500	 /* shown whatever its size */
#define DRAW_MS 100
#define RATE_MS 500
#define NAME_MAX_CELLS 30
#define BAR_MAX_CELLS 60

void ctl_progress_open(struct ctl_progress *p, FILE *f)
{
	*p = (struct ctl_progress){ .out = ctl_term_width(f) ? f : NULL };
}

void ctl_progress_begin(struct ctl_progress *p, const char *label, uint64_t total)
{
	int64_t now = clock_ms();

	*p = (struct ctl_progress){
		.out = p->out, .label = label, .total = total, .began_ms = now, .rate_ms = now
	};
}

static void rate_take(struct ctl_progress *p, int64_t now)
{
	double recent;

	if (now - p->rate_ms < RATE_MS || p->done < p->rate_at)
		return;
	recent = (double)(p->done - p->rate_at) * 1000 / (double)(now - p->rate_ms);
	p->rate = p->rate > 0 ? 0.7 * p->rate + 0.3 * recent : recent;
	p->rate_ms = now;
	p->rate_at = p->done;
}

/* "5.2 MB/s  0:12 left"; at the end the mean, and how long it took. */
static void speed(const struct ctl_progress *p, int64_t now, bool end, char *out, size_t cap)
{
	double seconds = (double)(now - p->began_ms) / 1000, rate = p->rate;
	char bytes[32], time[32] = "";

	if (end || rate <= 0)
		rate = seconds > 0 ? (double)p->done / seconds : 0;
	if (end)
		ctl_term_duration((unsigned long long)(seconds + 0.5), time, sizeof(time));
	else if (p->total > p->done && rate >= 1)
		ctl_term_duration((unsigned long long)((double)(p->total - p->done) / rate + 0.5),
			time, sizeof(time));
	(void)snprintf(out, cap, "%10s/s  %s%s", size_format((uint64_t)rate, bytes, sizeof(bytes)),
		time, *time && !end ? " left" : ""); /* it fits */
}

static void draw(struct ctl_progress *p, int64_t now, bool end)
{
	unsigned width = ctl_term_width(p->out), used, rest;
	char name[256], pace[96], bytes[32], bar[128] = "", shown[600];
	struct buf right = BUF_INIT, line = BUF_INIT;

	width = width > 1 ? width - 1 : 1; /* the last column would wrap */
	speed(p, now, end, pace, sizeof(pace));
	if (p->total)
		buf_addf(&right, "%3.0f%%  ", 100.0 * (double)p->done / (double)p->total);
	buf_addf(&right, "%9s  %s", size_format(p->done, bytes, sizeof(bytes)), pace);
	used = ctl_term_fit(p->label, width / 3 < NAME_MAX_CELLS ? width / 3 : NAME_MAX_CELLS, name,
		sizeof(name));
	rest = used + (unsigned)right.len + 4;
	if (p->total && width > rest + 12)
		ctl_term_bar((double)p->done, (double)p->total,
			width - rest < BAR_MAX_CELLS ? width - rest : BAR_MAX_CELLS, bar,
			sizeof(bar));
	buf_addf(&line, "%s  %s%s%s", name, bar, *bar ? "  " : "", buf_str(&right));
	(void)ctl_term_fit(buf_str(&line), width, shown, sizeof(shown)); /* narrow: what fits */
	fprintf(p->out, "\r%s\033[K", shown); /* a bar that cannot be shown is no error */
	(void)fflush(p->out);
	p->drawn_ms = now;
	buf_release(&right);
	buf_release(&line);
}

void ctl_progress_set(struct ctl_progress *p, uint64_t done, uint64_t total)
{
	int64_t now;

	if (!p->out || !p->label)
		return;
	now = clock_ms();
	p->done = done;
	p->total = total;
	rate_take(p, now);
	if (!p->drawn_ms && total < LARGE && now - p->began_ms < LONG_MS)
		return;
	if (!p->drawn_ms || now - p->drawn_ms >= DRAW_MS)
		draw(p, now, false);
}

void ctl_progress_end(struct ctl_progress *p, bool good)
{
	if (p->out && p->drawn_ms) {
		if (good) {
			p->done = p->total ? p->total : p->done;
			draw(p, clock_ms(), true);
			(void)fputc('\n', p->out); /* as above */
		} else {
			(void)fputs("\r\033[K", p->out);
		}
		(void)fflush(p->out);
	}
	p->label = NULL;
}
