/* meta_pg_listen - a connection on which PostgreSQL tells what other dists have changed (NOTIFY), and how many there are. Used
 * by one thread. */
#ifndef DIST_META_PG_LISTEN_H
#define DIST_META_PG_LISTEN_H

#include <stdint.h>

#define PG_CHANNEL "cdn_changes"
#define PG_LISTENER "cdn-dist-listens" /* application_name of these connections */

struct pg_ear;

/* 0 or -EHOSTDOWN, the reason in meta_error(). */
int pg_ear_open(const char *url, struct pg_ear **out);
void pg_ear_close(struct pg_ear **e); /* NULL-safe */
/* Waits at most ms; fn gets each text that came. 0, or -EHOSTDOWN: something may have been missed. */
int pg_ear_wait(struct pg_ear *e, int64_t ms, void (*fn)(void *arg, const char *text), void *arg);
/* How many listen, this one too; also shows that the connection lives. < 0: -EHOSTDOWN. */
int pg_ear_count(struct pg_ear *e);

#endif
