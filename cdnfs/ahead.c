#include "cdnfs/ahead.h"

#include "cdnfs/gate.h"
#include "common/limits.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDERS 64 /* whose lookups are counted, by hash */
/* entries in which the next file that is read is looked for: folders and such lie between */
#define NEAR 16
#define OTHERS 4 /* reads of other files between two of a walk, by programs beside it */
#define SURE 2	 /* files read one after the other, before those behind them are fetched */

/* Entries behind `from` up to the last one, or to the end of the directory. */
struct part {
	uint64_t dir, tick; /* dir 0: none */
	char from[LIMIT_NAME + 1];
	struct wire_page page;
	size_t looked;	/* behind the entry that was looked up last */
	size_t read;	/* behind the one that was read last */
	size_t fetched; /* behind the last one whose contents were asked for */
	unsigned run;	/* files read one after the other */
	uint64_t last;	/* which of all reads that was */
};

struct folder {
	uint64_t dir;
	unsigned misses, needed; /* until it is asked for */
	unsigned asked, hits;	 /* entries of the last page, and how many lookups it answered */
};

struct ahead {
	struct inodes *inodes;
	pthread_mutex_t lock; /* before inodes.lock */
	/* lock */
	struct part parts[AHEAD_PAGES];
	size_t next;	/* to be replaced */
	uint64_t reads; /* files that were begun to be read */
	struct folder folders[FOLDERS];
};

int ahead_open(struct inodes *inodes, struct ahead **out)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	pthread_mutex_init(&a->lock, NULL);
	a->inodes = inodes;
	*out = a;
	return 0;
}

void ahead_close(struct ahead **ap)
{
	struct ahead *a = *ap;

	*ap = NULL;
	if (!a)
		return;
	for (size_t i = 0; i < AHEAD_PAGES; i++)
		wire_page_release(&a->parts[i].page);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* Of that directory: what was counted of another with the same hash is forgotten. */
static struct folder *folder_of(struct ahead *a, uint64_t dir)
{
	struct folder *f = &a->folders[gate_names(dir) % FOLDERS];

	if (f->dir != dir)
		*f = (struct folder){ .dir = dir, .needed = AHEAD_MISSES };
	return f;
}

static const char *text_of(const struct part *p, size_t offset)
{
	return buf_str(&p->page.text) + offset;
}

static bool covers(const struct part *p, uint64_t dir, const char *name)
{
	if (p->dir != dir || strcmp(name, p->from) <= 0)
		return false;
	return !p->page.more ||
	       (p->page.n && strcmp(name, text_of(p, p->page.list[p->page.n - 1].name)) <= 0);
}

static const struct wire_entry *entry_of(const struct part *p, const char *name)
{
	size_t low = 0, high = p->page.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, text_of(p, p->page.list[middle].name));

		if (order == 0)
			return &p->page.list[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static enum dentry read_part(struct ahead *a, struct part *p, const char *name, struct attr *attr,
	char **target, uint64_t *tick)
{
	const struct wire_entry *e = entry_of(p, name);

	if (!gate_clean(a->inodes, e ? gate_entry(p->dir, name) : gate_names(p->dir), p->tick))
		return DENTRY_UNKNOWN;
	*tick = p->tick;
	if (!e)
		return DENTRY_ABSENT;
	if (!gate_clean(a->inodes, gate_inode(e->attr.id), p->tick))
		return DENTRY_UNKNOWN;
	p->looked = (size_t)(e - p->page.list) + 1;
	*attr = e->attr;
	*target = e->target ? strdup(text_of(p, e->target)) : NULL;
	return e->target && !*target ? DENTRY_UNKNOWN : DENTRY_THERE;
}

enum dentry ahead_find(struct ahead *a, uint64_t dir, const char *name, struct attr *attr,
	char **target, uint64_t *tick)
{
	enum dentry found = DENTRY_UNKNOWN;

	*target = NULL;
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < AHEAD_PAGES && found == DENTRY_UNKNOWN; i++)
		if (covers(&a->parts[i], dir, name))
			found = read_part(a, &a->parts[i], name, attr, target, tick);
	if (found != DENTRY_UNKNOWN)
		folder_of(a, dir)->hits++;
	pthread_mutex_unlock(&a->lock);
	return found;
}

static bool is_near(const struct part *p, size_t from, uint64_t id, size_t *at)
{
	size_t i = from ? from - 1 : 0;

	for (; i < p->page.n && i < from + NEAR; i++)
		if (p->page.list[i].attr.id == id) {
			*at = i;
			return true;
		}
	return false;
}

/* Read at entry `at`: what comes next. */
static size_t next_files(struct part *p, size_t at, uint64_t reads, struct attr *next)
{
	bool goes_on = at >= p->read && at < p->read + NEAR && reads - p->last <= OTHERS + 1;
	size_t n = 0, i;

	if (at + 1 == p->read) /* again */
		return 0;
	p->run = goes_on ? p->run + 1 : 1;
	p->read = at + 1;
	p->last = reads;
	if (p->run < SURE)
		return 0;
	/* so many again once half of them were read */
	if (p->run > SURE && p->fetched > at + AHEAD_FILES / 2)
		return 0;
	i = p->fetched > at ? p->fetched : at + 1;
	for (; i < p->page.n && i <= at + AHEAD_FILES && n < AHEAD_FILES; i++) {
		const struct attr *a = &p->page.list[i].attr;

		if (S_ISREG(a->mode) && a->place && a->size && a->size <= AHEAD_SIZE)
			next[n++] = *a;
	}
	p->fetched = i;
	return n;
}

size_t ahead_read(struct ahead *a, uint64_t id, struct attr *next)
{
	size_t n = 0, at;

	pthread_mutex_lock(&a->lock);
	a->reads++;
	for (size_t i = 0; i < AHEAD_PAGES; i++) {
		struct part *p = &a->parts[i];

		if (p->dir && (is_near(p, p->read, id, &at) || is_near(p, p->looked, id, &at))) {
			n = next_files(p, at, a->reads, next);
			break;
		}
	}
	pthread_mutex_unlock(&a->lock);
	return n;
}

/* Twice as many as last time while most of those were looked up. */
static unsigned wanted(struct folder *f)
{
	if (f->asked && 2 * f->hits >= f->asked)
		return f->asked < AHEAD_MOST / 2 ? 2 * f->asked : AHEAD_MOST;
	if (f->misses < f->needed)
		return 0;
	if (!f->asked)
		return AHEAD_FIRST;
	f->needed = f->needed < AHEAD_PAUSE / 2 ? 2 * f->needed : AHEAD_PAUSE;
	return AHEAD_FIRST / 4;
}

unsigned ahead_missed(struct ahead *a, uint64_t dir, const char *name, char *from)
{
	size_t before = strlen(name) - 1; /* its beginning sorts before it */
	unsigned entries;
	struct folder *f;

	pthread_mutex_lock(&a->lock);
	f = folder_of(a, dir);
	f->misses++;
	entries = wanted(f);
	if (!f->asked)
		before = 0;
	if (entries) {
		f->asked = entries;
		f->misses = f->hits = 0;
	}
	pthread_mutex_unlock(&a->lock);
	memcpy(from, name, before);
	from[before] = '\0';
	return entries;
}

/* As dist tells them, or it is not to be searched. */
static bool in_order(const struct wire_page *page, const char *from)
{
	const char *text = buf_str(&page->text), *last = from;

	for (size_t i = 0; i < page->n; i++) {
		const char *name = text + page->list[i].name;

		if (strcmp(last, name) >= 0)
			return false;
		last = name;
	}
	return true;
}

void ahead_put(
	struct ahead *a, uint64_t dir, const char *from, uint64_t tick, struct wire_page *page)
{
	struct part *p = NULL;

	if (strlen(from) > LIMIT_NAME || !in_order(page, from)) {
		wire_page_release(page);
		return;
	}
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < AHEAD_PAGES && !p; i++)
		if (a->parts[i].dir == dir)
			p = &a->parts[i];
	if (!p)
		p = &a->parts[a->next++ % AHEAD_PAGES];
	wire_page_release(&p->page);
	*p = (struct part){ .dir = dir, .tick = tick, .page = *page };
	strcpy(p->from, from);
	if (page->n && page->n < folder_of(a, dir)->asked)
		folder_of(a, dir)->asked = (unsigned)page->n;
	pthread_mutex_unlock(&a->lock);
}
