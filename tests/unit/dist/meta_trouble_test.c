/* Disks that fail, servers that go away, transactions in each other's way. */
#include "common/clock.h"
#include "meta_call.h"
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* SQLite's syncs come through here: counted, and failing when told to. */
static int syncs, syncs_fail;

int fdatasync(int fd)
{
	__atomic_fetch_add(&syncs, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&syncs_fail, __ATOMIC_SEQ_CST)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static int syncs_now(void)
{
	return __atomic_load_n(&syncs, __ATOMIC_SEQ_CST);
}

static void failed_text(const char *what)
{
	print_error("%s: %s\n", what, meta_error());
}

/* --- durability --- */
static void only_durable_commits_wait_for_the_disk(void **state)
{
	int before = syncs_now();

	(void)state;
	if (db.pg)
		skip(); /* PostgreSQL syncs in its own process */
	assert_int_equal(put(META_WRITE, "a", 1), 0);
	assert_int_equal(syncs_now(), before);
	assert_int_equal(meta_sync(db.meta), 0);
	assert_int_equal(syncs_now(), before + 1);
	assert_int_equal(meta_sync(db.meta), 0);
	assert_int_equal(syncs_now(), before + 1);
	assert_int_equal(put(META_DURABLE, "a", 2), 0);
	assert_int_equal(syncs_now(), before + 2);
	assert_int_equal(put(META_WRITE, "a", 3), 0);
	assert_int_equal(put(META_DURABLE, "a", 4), 0);
	assert_int_equal(syncs_now(), before + 3);
	assert_int_equal(meta_sync(db.meta), 0); /* the durable one took it along */
	assert_int_equal(syncs_now(), before + 3);
}

static long long unflushed(void)
{
	return db_number("SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()");
}

static void postgresql_sync_flushes(void **state)
{
	(void)state;
	if (!db.pg)
		skip();
	assert_int_equal(put(META_WRITE, "a", 1), 0);
	assert_int_equal(meta_sync(db.meta), 0);
	assert_int_equal(unflushed(), 0);
	assert_int_equal(put(META_DURABLE, "a", 2), 0);
	assert_int_equal(unflushed(), 0);
}

static void *durable_in_thread(void *arg)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "t%d", *(int *)arg);
	for (int i = 0; i < 25; i++)
		if (put(META_DURABLE, id, i) < 0)
			failed_text("durable");
	return NULL;
}

static void durable_commits_of_many(void **state)
{
	pthread_t t[8];
	int number[8], before = syncs_now();

	(void)state;
	for (int i = 0; i < 8; i++) {
		number[i] = i;
		assert_int_equal(pthread_create(&t[i], NULL, durable_in_thread, &number[i]), 0);
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(db_number("SELECT count(*) FROM session WHERE seq = 24"), 8);
	if (!db.pg)
		assert_in_range(syncs_now() - before, 1, 200);
}

static void a_failed_sync_is_not_forgotten(void **state)
{
	struct meta *outer = db.meta;

	(void)state;
	if (db.pg)
		skip();
	db_fresh();
	db_open();
	__atomic_store_n(&syncs_fail, 1, __ATOMIC_SEQ_CST);
	assert_int_equal(put(META_DURABLE, "a", 1), -EIO);
	__atomic_store_n(&syncs_fail, 0, __ATOMIC_SEQ_CST);
	assert_int_equal(put(META_DURABLE, "a", 2), -EIO);
	assert_int_equal(put(META_WRITE, "a", 3), 0);
	assert_int_equal(meta_sync(db.meta), -EIO);
	meta_close(&db.meta);
	db_open(); /* started again */
	assert_int_equal(put(META_DURABLE, "a", 4), 0);
	meta_close(&db.meta);
	db.meta = outer;
	db_use(1);
}

static void commits_survive_the_process(void **state)
{
	(void)state;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct meta_conf conf = { .url = db.url };
		char error[300];
		struct meta *m;

		if (meta_open(&conf, &m, error, sizeof(error)) < 0)
			_exit(1);
		db.meta = m;
		_exit(put(META_WRITE, "child", 1) < 0 ? 2 : 0);
	}
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(sessions(), 1);
}

/* --- trouble --- */
static void kill_backends(void)
{
	db_script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		  "WHERE application_name = 'cdn-dist'");
}

static void kill_once(void)
{
	static bool done;

	if (!done)
		kill_backends();
	done = true;
}

static void lost_connection_is_run_again(void **state)
{
	struct put p = { .id = "a", .reply = V_NULL, .between = kill_once };

	(void)state;
	if (!db.pg)
		skip();
	assert_int_equal(meta_run(db.meta, META_WRITE, put_body, &p), 0);
	assert_int_equal(p.calls, 2);
	assert_int_equal(sessions(), 1);
	/* and when all idle connections are dead */
	kill_backends();
	assert_int_equal(put(META_WRITE, "b", 1), 0);
	kill_backends();
	struct get g = { .id = "b" };

	assert_int_equal(meta_run(db.meta, META_READ, nothing_body, &(int){ 0 }), 0);
	assert_int_equal(meta_run(db.meta, META_WRITE, get_body, &g), 0);
	assert_int_equal(g.rc, 1);
	buf_release(&g.keep);
}

static void server_away_is_host_down(void **state)
{
	int64_t start;

	(void)state;
	if (!db.pg || !db.started)
		skip();
	PQfinish(db.side);
	db_shell("tests/pg.sh stop %s/pg", db.dir);
	start = clock_ms();
	assert_int_equal(put(META_WRITE, "a", 1), -EHOSTDOWN);
	assert_true(clock_ms() - start < 2500);
	start = clock_ms();
	for (int i = 0; i < 100; i++)
		assert_int_equal(put(META_WRITE, "a", 1), -EHOSTDOWN);
	assert_true(clock_ms() - start < 1000);
	assert_int_equal(meta_sync(db.meta) == 0 || meta_sync(db.meta) == -EHOSTDOWN, 1);
	db_shell("tests/pg.sh start %s/pg > /dev/null", db.dir);
	db_connect();
	db_use(1);
	for (start = clock_ms(); clock_ms() - start < 5000;)
		if (put(META_WRITE, "a", 1) == 0)
			break;
	assert_int_equal(sessions(), 1);
}

/* Two that lock two rows in opposite order. */
struct cross {
	int64_t first, second;
	pthread_barrier_t *barrier;
	int rc, calls;
};

static int cross_body(struct meta_tx *tx, void *arg)
{
	struct cross *c = arg;
	struct meta_value a = V_INT(c->first), b = V_INT(c->second);
	int rc = meta_exec(tx, SQL_INODE_LOCK, &a, 1, NULL, NULL);

	if (rc < 0)
		return rc;
	if (c->calls++ == 0)
		(void)pthread_barrier_wait(c->barrier); /* tells one of them apart */
	rc = meta_exec(tx, SQL_INODE_LOCK, &b, 1, NULL, NULL);
	return rc < 0 ? rc : 0;
}

static void *cross_in_thread(void *arg)
{
	struct cross *c = arg;

	c->rc = meta_run(db.meta, META_WRITE, cross_body, c);
	return NULL;
}

static void deadlocks_are_run_again(void **state)
{
	pthread_barrier_t barrier;
	struct cross c[2] = { { .first = 1, .second = 7000, .barrier = &barrier },
		{ .first = 7000, .second = 1, .barrier = &barrier } };
	pthread_t t[2];

	(void)state;
	if (!db.pg)
		skip(); /* one writer */
	db_script("INSERT INTO inode (id, mode, uid, gid, nlink, atime, mtime, ctime) "
		  "VALUES (7000, 4096, 0, 0, 0, 0, 0, 0)");
	assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, cross_in_thread, &c[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(c[0].rc, 0);
	assert_int_equal(c[1].rc, 0);
	assert_true(c[0].calls + c[1].calls > 2);
	(void)pthread_barrier_destroy(&barrier);
	db_script("DELETE FROM inode WHERE id = 7000");
}

struct crowd {
	struct meta *meta;
	int failed;
};

static void *crowd_in_thread(void *arg)
{
	struct crowd *c = arg;
	struct put p = { .id = "crowd", .reply = V_NULL };
	struct get g = { .id = "crowd" };

	for (int i = 0; i < 20; i++) {
		if (meta_run(c->meta, META_WRITE, put_body, &p) < 0 ||
			meta_run(c->meta, db.pg ? META_WRITE : META_READ, get_body, &g) < 0)
			__atomic_fetch_add(&c->failed, 1, __ATOMIC_SEQ_CST);
	}
	buf_release(&g.keep);
	return NULL;
}

static void more_threads_than_connections(void **state)
{
	struct meta_conf conf = { .url = db.url, .connections = 2 };
	struct crowd c = { 0 };
	pthread_t t[12];
	char error[300];

	(void)state;
	assert_int_equal(meta_open(&conf, &c.meta, error, sizeof(error)), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(pthread_create(&t[i], NULL, crowd_in_thread, &c), 0);
	for (int i = 0; i < 12; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(c.failed, 0);
	if (db.pg)
		assert_in_range(db_number("SELECT count(*) FROM pg_stat_activity "
					  "WHERE application_name = 'cdn-dist'"),
			1, 10);
	meta_close(&c.meta);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(only_durable_commits_wait_for_the_disk),
		DB_TEST(postgresql_sync_flushes),
		DB_TEST(durable_commits_of_many),
		DB_TEST(a_failed_sync_is_not_forgotten),
		DB_TEST(commits_survive_the_process),
		DB_TEST(lost_connection_is_run_again),
		DB_TEST(server_away_is_host_down),
		DB_TEST(deadlocks_are_run_again),
		DB_TEST(more_threads_than_connections),
	};

	return DB_RUN(tests);
}
