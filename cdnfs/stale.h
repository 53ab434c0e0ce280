/* stale - who was told ESTALE by an open. The kernel then looks the name up again and opens what it means now, once; when that was
 * replaced as well in the meantime, the program would be told ESTALE although its name always had a file. The second
 * file was what the name meant after the open had begun, so it may be what is opened.
 *
 * That the kernel does not try a third time: path_openat() in fs/namei.c of Linux, do_filp_open(). */
#ifndef CDNFS_STALE_H
#define CDNFS_STALE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STALE_KEPT 32 /* opens at once that this is kept of; an older one gets its ESTALE */
#define STALE_MS 1000 /* between the kernel's two tries lie microseconds */

struct stale {
	pthread_mutex_t lock;
	struct {
		pid_t thread;
		uint64_t inode;
		int64_t at; /* clock_ms */
	} told[STALE_KEPT]; /* lock */
	unsigned next;	    /* lock */
};

void stale_init(struct stale *s);
void stale_release(struct stale *s);
/* `thread` opens an inode that dist does not know any more. False: tell it ESTALE, which is noted; true: it was told so just
 * before, of another one, so this is the second try. */
bool stale_again(struct stale *s, pid_t thread, uint64_t inode);

#endif
