/* Many threads, through two pools as two programs would be, at the same names: exactly one wins, and what must hold
 * between transactions holds (db_check after each test). */
#include "common/clock.h"
#include "db.h"
#include "dist/reg.h"
#include "dist/tree.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/stat.h>

#define THREADS 6
#define ROUNDS 12

static struct meta *pools[2];

enum what { CREATE, MKDIR, UNLINK, RMDIR, RENAME, SWAP, LINK, STORE, REPLACE, DELETE };

/* One racer's operation, and how it went. */
struct op {
	enum what what;
	struct tree_name at, to;
	uint64_t id;
	struct content_new new;
	int rc;
	uint64_t got;
	bool created;
	pthread_barrier_t *start;
	struct meta *meta;
};

static int create(struct meta_tx *tx, struct op *o)
{
	struct tree_new n = { .at = o->at,
		.mode = o->what == MKDIR ? S_IFDIR | 0755 : S_IFREG | 0644,
		.exclusive = true,
		.now = 1 };
	struct attr a;
	int rc = tree_create(tx, &n, &a, NULL);

	o->got = rc == 0 ? a.id : 0;
	return rc;
}

static int change(struct meta_tx *tx, struct op *o)
{
	struct content c;
	struct replaced old;
	int rc;

	switch (o->what) {
	case STORE:
		rc = reg_store(tx, &o->new, &c, &old, &o->created);
		break;
	case REPLACE:
		rc = reg_replace(tx, o->id, &o->new, &c, &old);
		break;
	default:
		rc = reg_delete(tx, o->id, 1, &c);
		break;
	}
	o->got = rc == 0 ? c.id : 0;
	return rc;
}

static int body(struct meta_tx *tx, void *arg)
{
	struct op *o = arg;
	struct attr a;

	switch (o->what) {
	case CREATE:
	case MKDIR:
		return create(tx, o);
	case UNLINK:
		return tree_unlink(tx, &o->at, 1, NULL);
	case RMDIR:
		return tree_rmdir(tx, &o->at, 1, NULL);
	case RENAME:
		return tree_rename(tx, &o->at, &o->to, 0, 1);
	case SWAP:
		return tree_rename(tx, &o->at, &o->to, RENAME_SWAP, 1);
	case LINK:
		return tree_link(tx, o->id, &o->at, 1, &a);
	default:
		return change(tx, o);
	}
}

static void *racer(void *arg)
{
	struct op *o = arg;
	int rc = pthread_barrier_wait(o->start);

	(void)rc; /* one of them is told that it was the last */
	o->rc = meta_run(o->meta, META_WRITE, body, o);
	return NULL;
}

/* Starts all at once; returns how many succeeded. Any other error than the two allowed fails the test. */
static int race(struct op *ops, int n, int loses, int or)
{
	pthread_barrier_t start;
	pthread_t t[THREADS];
	int won = 0;

	assert_int_equal(pthread_barrier_init(&start, NULL, (unsigned)n), 0);
	for (int i = 0; i < n; i++) {
		ops[i].start = &start;
		ops[i].meta = pools[i % 2];
		assert_int_equal(pthread_create(&t[i], NULL, racer, &ops[i]), 0);
	}
	for (int i = 0; i < n; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	(void)pthread_barrier_destroy(&start);
	for (int i = 0; i < n; i++) {
		if (ops[i].rc == 0)
			won++;
		else if (ops[i].rc != loses && ops[i].rc != or)
			fail_msg("operation %d: %d", (int)ops[i].what, ops[i].rc);
	}
	return won;
}

static struct tree_name in(uint64_t dir, const char *name)
{
	return (struct tree_name){ .dir = dir, .name = name, .len = strlen(name) };
}

static uint64_t made(enum what what, uint64_t dir, const char *name)
{
	struct op o = { .what = what, .at = in(dir, name) };

	assert_int_equal(meta_run(db.meta, META_WRITE, body, &o), 0);
	return o.got;
}

static void one_create_wins(void **state)
{
	char name[16];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct op ops[THREADS];

		(void)snprintf(name, sizeof(name), "f%d", round);
		for (int i = 0; i < THREADS; i++)
			ops[i] = (struct op){ .what = i % 3 ? CREATE : MKDIR,
				.at = in(ROOT_ID, name) };
		assert_int_equal(race(ops, THREADS, -EEXIST, 0), 1);
		db_check();
	}
}

static void one_unlink_wins(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct op ops[THREADS];

		(void)made(CREATE, ROOT_ID, "f");
		for (int i = 0; i < THREADS; i++)
			ops[i] = (struct op){ .what = UNLINK, .at = in(ROOT_ID, "f") };
		assert_int_equal(race(ops, THREADS, -ENOENT, 0), 1);
		db_check();
	}
}

static void one_rename_wins(void **state)
{
	static const char *const names[THREADS] = { "a", "b", "c", "d", "e", "f" };

	(void)state;
	uint64_t d = made(MKDIR, ROOT_ID, "dir");

	for (int round = 0; round < ROUNDS; round++) {
		struct op ops[THREADS];

		(void)made(CREATE, ROOT_ID, "src");
		for (int i = 0; i < THREADS; i++)
			ops[i] = (struct op){ .what = RENAME,
				.at = in(ROOT_ID, "src"),
				.to = in(i % 2 ? d : ROOT_ID, names[i]) };
		assert_int_equal(race(ops, THREADS, -ENOENT, 0), 1);
		db_check();
	}
}

static void many_rename_over_one_name(void **state)
{
	static const char *const names[THREADS] = { "a", "b", "c", "d", "e", "f" };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct op ops[THREADS];

		for (int i = 0; i < THREADS; i++) {
			(void)made(CREATE, ROOT_ID, names[i]);
			ops[i] = (struct op){ .what = RENAME,
				.at = in(ROOT_ID, names[i]),
				.to = in(ROOT_ID, "target") };
		}
		assert_int_equal(race(ops, THREADS, 0, 0), THREADS);
		assert_int_equal(db_number("SELECT count(*) FROM dentry"), 1);
		db_check();
	}
}

static void rmdir_against_create(void **state)
{
	static const char *const names[THREADS] = { "a", "b", "c", "d", "e", "f" };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct op ops[THREADS];
		int won;

		uint64_t d = made(MKDIR, ROOT_ID, "d");

		for (int i = 0; i < THREADS; i++)
			ops[i] = (struct op){ .what = i % 2 ? CREATE : RMDIR,
				.at = i % 2 ? in(d, names[i]) : in(ROOT_ID, "d") };
		won = race(ops, THREADS, -ENOTEMPTY, -ENOENT);
		/* either the directory went, alone, or the files are there, all */
		assert_true(won == 1 || won == THREADS / 2);
		db_check();
		(void)db_wipe(NULL);
	}
}

/* The two moves share no directory: only the tree's rename lock keeps them apart. */
static void no_rename_makes_a_loop(void **state)
{
	(void)state;
	for (int round = 0; round < 3 * ROUNDS; round++) {
		uint64_t p = made(MKDIR, ROOT_ID, "p"), q = made(MKDIR, ROOT_ID, "q");
		uint64_t a = made(MKDIR, p, "a"), b = made(MKDIR, q, "b");
		uint64_t x = made(MKDIR, a, "x"), y = made(MKDIR, b, "y");
		struct op ops[] = {
			{ .what = RENAME, .at = in(p, "a"), .to = in(y, "a") },
			{ .what = RENAME, .at = in(q, "b"), .to = in(x, "b") },
		};

		assert_int_equal(race(ops, 2, -EINVAL, 0), 1);
		db_check();
		(void)db_wipe(NULL);
	}
}

static void exchanges_against_renames(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t a = made(MKDIR, ROOT_ID, "a"), b = made(MKDIR, ROOT_ID, "b");
		uint64_t x = made(MKDIR, a, "x"), y = made(MKDIR, b, "y");
		struct op ops[] = {
			{ .what = RENAME, .at = in(ROOT_ID, "a"), .to = in(y, "a") },
			{ .what = RENAME, .at = in(ROOT_ID, "b"), .to = in(x, "b") },
			{ .what = SWAP, .at = in(ROOT_ID, "a"), .to = in(b, "y") },
			{ .what = RENAME, .at = in(a, "x"), .to = in(ROOT_ID, "x") },
		};

		(void)race(ops, 4, -EINVAL, -ENOENT);
		db_check();
		(void)db_wipe(NULL);
	}
}

static void links_and_unlinks_count(void **state)
{
	static const char *const names[THREADS] = { "a", "b", "c", "d", "e", "f" };

	(void)state;
	uint64_t d = made(MKDIR, ROOT_ID, "d");

	for (int round = 0; round < 3 * ROUNDS; round++) {
		struct op ops[THREADS];
		uint64_t f = made(CREATE, ROOT_ID, "file");

		for (int i = 0; i < THREADS - 1; i++)
			ops[i] = (struct op){
				.what = LINK, .id = f, .at = in(i % 2 ? d : ROOT_ID, names[i])
			};
		ops[THREADS - 1] = (struct op){ .what = UNLINK, .at = in(ROOT_ID, "file") };
		(void)race(ops, THREADS, -ENOENT, -EEXIST);
		db_check();
		(void)db_wipe(NULL);
		d = made(MKDIR, ROOT_ID, "d");
	}
}

static struct content_new upload(const char *name, uint64_t stamp)
{
	return (struct content_new){ .has_filename = true,
		.filename = name,
		.has_size = true,
		.size = stamp,
		.stamp = stamp,
		.node = "node1",
		.now = (int64_t)stamp };
}

static void a_stamp_is_stored_once(void **state)
{
	(void)state;
	for (int round = 1; round <= ROUNDS; round++) {
		struct op ops[THREADS];
		int created = 0;

		for (int i = 0; i < THREADS; i++)
			ops[i] = (struct op){ .what = STORE, .new = upload("f", (uint64_t)round) };
		assert_int_equal(race(ops, THREADS, 0, 0), THREADS);
		for (int i = 0; i < THREADS; i++) {
			assert_true(ops[i].got == ops[0].got);
			created += ops[i].created;
		}
		assert_int_equal(created, 1);
		assert_int_equal(db_number("SELECT count(*) FROM content"), round);
	}
}

static void same_name_stored_by_many(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct op ops[THREADS];

		for (int i = 0; i < THREADS; i++)
			ops[i] = (struct op){ .what = STORE,
				.new = upload("f", (uint64_t)(round * THREADS + i + 1)) };
		assert_int_equal(race(ops, THREADS, 0, 0), THREADS);
	}
	assert_int_equal(db_number("SELECT count(*) FROM dentry"), ROUNDS * THREADS);
}

static void same_path_stored_by_many(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct op ops[THREADS];

		for (int i = 0; i < THREADS; i++) {
			ops[i] = (struct op){ .what = STORE,
				.new = upload("f", (uint64_t)(round * THREADS + i + 1)) };
			ops[i].new.path = "f";
			ops[i].new.path_len = 1;
		}
		assert_int_equal(race(ops, THREADS, 0, 0), THREADS);
		db_check();
	}
	/* every version but the one that stayed is to be reclaimed, once */
	assert_int_equal(db_number("SELECT count(*) FROM content"), 1);
	assert_int_equal(db_number("SELECT count(*) FROM replica"), 1);
	assert_int_equal(
		db_number("SELECT count(DISTINCT stamp) FROM reclaim"), ROUNDS * THREADS - 1);
	assert_int_equal(db_number("SELECT count(*) FROM reclaim"), ROUNDS * THREADS - 1);
}

static void replace_rename_and_delete(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct op first = { .what = STORE,
			.new = upload("f", (uint64_t)(100 * round + 1)) };

		assert_int_equal(meta_run(db.meta, META_WRITE, body, &first), 0);
		struct op ops[THREADS] = {
			{ .what = REPLACE, .new = upload("g", (uint64_t)(100 * round + 2)) },
			{ .what = REPLACE, .new = upload("h", (uint64_t)(100 * round + 3)) },
			{ .what = RENAME, .at = in(ROOT_ID, "f"), .to = in(ROOT_ID, "i") },
			{ .what = UNLINK, .at = in(ROOT_ID, "g") },
			{ .what = DELETE },
			{ .what = LINK, .at = in(ROOT_ID, "j") },
		};

		for (int i = 0; i < THREADS; i++)
			ops[i].id = first.got;
		(void)race(ops, THREADS, -ENOENT, -EEXIST);
		db_check();
		(void)db_wipe(NULL);
	}
}

static void at_random(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	unsigned seed = (unsigned)clock_real_ns();

	(void)state;
	print_message("seed %u\n", seed);
	for (int round = 0; round < 3 * ROUNDS; round++) {
		struct op ops[THREADS];
		long long n = db_number("SELECT max(id) FROM inode");

		for (int i = 0; i < THREADS; i++) {
			uint64_t dirs[2];

			for (int k = 0; k < 2; k++)
				dirs[k] = rand_r(&seed) % 3 ? ROOT_ID
							    : (uint64_t)(n - rand_r(&seed) % 8);
			ops[i] = (struct op){ .what = (enum what)(rand_r(&seed) % (LINK + 1)),
				.at = in(dirs[0], names[rand_r(&seed) % 3]),
				.to = in(dirs[1], names[rand_r(&seed) % 3]),
				.id = (uint64_t)(n - rand_r(&seed) % 8) };
		}
		pthread_barrier_t start;
		pthread_t t[THREADS];

		assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
		for (int i = 0; i < THREADS; i++) {
			ops[i].start = &start;
			ops[i].meta = pools[i % 2];
			assert_int_equal(pthread_create(&t[i], NULL, racer, &ops[i]), 0);
		}
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_join(t[i], NULL), 0);
		(void)pthread_barrier_destroy(&start);
		for (int i = 0; i < THREADS; i++)
			assert_true(ops[i].rc != -EIO && ops[i].rc != -EHOSTDOWN);
		db_check();
	}
}

/* Two pools on one database. */
static int open_second(int (*first)(void **), void **state)
{
	struct meta_conf conf = { .connections = 4 };
	char error[300];
	int rc = first(state);

	conf.url = db.url;
	pools[0] = db.meta;
	return rc ? rc : meta_open(&conf, &pools[1], error, sizeof(error));
}

static int sqlite(void **state)
{
	return open_second(db_sqlite, state);
}

static int postgresql(void **state)
{
	return open_second(db_postgresql, state);
}

static int end(void **state)
{
	meta_close(&pools[1]);
	return db_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(one_create_wins),
		DB_TEST(one_unlink_wins),
		DB_TEST(one_rename_wins),
		DB_TEST(many_rename_over_one_name),
		DB_TEST(rmdir_against_create),
		DB_TEST(no_rename_makes_a_loop),
		DB_TEST(exchanges_against_renames),
		DB_TEST(links_and_unlinks_count),
		DB_TEST(a_stamp_is_stored_once),
		DB_TEST(same_name_stored_by_many),
		DB_TEST(same_path_stored_by_many),
		DB_TEST(replace_rename_and_delete),
		DB_TEST(at_random),
	};

	return cmocka_run_group_tests_name("SQLite", tests, sqlite, end) +
	       cmocka_run_group_tests_name("PostgreSQL", tests, postgresql, end);
}
