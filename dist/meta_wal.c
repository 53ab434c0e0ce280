#include "dist/meta_wal.h"

#include "dist/meta_driver.h"
#include <errno.h>

void meta_wal_init(struct meta_wal *w)
{
	*w = (struct meta_wal){ 0 };
	(void)pthread_mutex_init(&w->lock, NULL); /* default attributes cannot fail on Linux */
	(void)pthread_cond_init(&w->changed, NULL);
}

void meta_wal_release(struct meta_wal *w)
{
	(void)pthread_mutex_destroy(&w->lock); /* nobody uses it any more */
	(void)pthread_cond_destroy(&w->changed);
}

int meta_wal_attach(struct meta_wal *w, sqlite3 *db)
{
	sqlite3_file *file = NULL;

	/* SQLite opens the log with the first transaction. */
	if (sqlite3_exec(db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) !=
			SQLITE_OK ||
		!file || !file->pMethods) {
		meta_set_error("the write-ahead log cannot be opened: %s", sqlite3_errmsg(db));
		return -EIO;
	}
	w->file = file;
	return 0;
}

uint64_t meta_wal_committed(struct meta_wal *w)
{
	uint64_t number;

	(void)pthread_mutex_lock(&w->lock);
	number = ++w->committed;
	(void)pthread_mutex_unlock(&w->lock);
	return number;
}

uint64_t meta_wal_last(struct meta_wal *w)
{
	uint64_t number;

	(void)pthread_mutex_lock(&w->lock);
	number = w->committed;
	(void)pthread_mutex_unlock(&w->lock);
	return number;
}

/* The lock is let go while the disk works; `syncing` keeps others from starting a second one. */
static void sync_all_locked(struct meta_wal *w)
{
	uint64_t target = w->committed;
	int rc;

	w->syncing = true;
	(void)pthread_mutex_unlock(&w->lock);
	rc = w->file->pMethods->xSync(w->file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
	(void)pthread_mutex_lock(&w->lock);
	w->syncing = false;
	if (rc == SQLITE_OK)
		w->synced = target;
	else
		w->broken = true;
	(void)pthread_cond_broadcast(&w->changed);
}

int meta_wal_sync(struct meta_wal *w, uint64_t number)
{
	bool broken;

	if (!w->file)
		return 0;
	(void)pthread_mutex_lock(&w->lock);
	while (w->synced < number && !w->broken) {
		if (w->syncing)
			(void)pthread_cond_wait(&w->changed, &w->lock);
		else
			sync_all_locked(w);
	}
	broken = w->synced < number;
	(void)pthread_mutex_unlock(&w->lock);
	if (broken)
		meta_set_error("the write-ahead log could not be synced: start again");
	return broken ? -EIO : 0;
}
