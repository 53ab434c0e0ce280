#include "tests/posix/posix.h"

#include <ftw.h>
#include <grp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define TICK_NS                                                                                    \
	12000000L /* more than a tick of the slowest kernel clock, which local file systems take times from */
#define CASE_SECONDS 60 /* a case that hangs has failed */
#define OPEN_MAX_FTW 16

static struct posix_case *cases;
static const char *group, *name; /* of the case that runs */

void posix_register(struct posix_case *c)
{
	struct posix_case **at = &cases;

	while (*at)
		at = &(*at)->next;
	*at = c;
}

_Noreturn void posix_fail(const char *file, int line, const char *format, ...)
{
	va_list list;

	printf("%s/%s FAIL %s:%d: ", group, name, file, line);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	(void)fflush(stdout);
	_exit(1);
}

long long posix_ok(long long value, const char *call, const char *file, int line)
{
	if (value == -1)
		posix_fail(
			file, line, "%s: expected success, got %s", call, strerrorname_np(errno));
	return value;
}

void posix_fails(long long value, int want, int other, const char *call, const char *file, int line)
{
	if (value != -1)
		posix_fail(file, line, "%s: expected %s, got success (%lld)", call,
			strerrorname_np(want), value);
	if (errno != want && errno != other)
		posix_fail(file, line, "%s: expected %s, got %s", call, strerrorname_np(want),
			strerrorname_np(errno));
}

void posix_same(long long want, long long got, const char *what, const char *file, int line)
{
	if (want != got)
		posix_fail(file, line, "%s: expected %lld (0%llo), got %lld (0%llo)", what, want,
			(unsigned long long)want, got, (unsigned long long)got);
}

void posix_may(const char *text)
{
	printf("# %s/%s: %s\n", group, name, text);
	(void)fflush(stdout);
}

pid_t posix_fork(void)
{
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		posix_fail(__FILE__, __LINE__, "fork: %s", strerrorname_np(errno));
	if (!pid)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* goes with its case */
	return pid;
}

void posix_join(pid_t pid, const char *file, int line)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			posix_fail(file, line, "waitpid: %s", strerrorname_np(errno));
	if (WIFSIGNALED(status))
		posix_fail(file, line, "ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		_exit(1); /* it has said why */
}

bool posix_enter(uid_t uid, gid_t gid, gid_t more, const char *file, int line)
{
	pid_t pid = posix_fork();

	if (pid) {
		posix_join(pid, file, line);
		return false;
	}
	if (setgroups(1, &more) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		posix_fail(file, line, "cannot become user %u", (unsigned)uid);
	return true;
}

_Noreturn void posix_leave(void)
{
	(void)fflush(stdout);
	_exit(0);
}

struct stat posix_stat(const char *at, const char *file, int line)
{
	struct stat st;

	if (lstat(at, &st))
		posix_fail(file, line, "lstat(%.64s): %s", at, strerrorname_np(errno));
	return st;
}

struct stat posix_fstat(int fd, const char *file, int line)
{
	struct stat st;

	if (fstat(fd, &st))
		posix_fail(file, line, "fstat(%d): %s", fd, strerrorname_np(errno));
	return st;
}

void posix_tick(void)
{
	struct timespec t = { 0, TICK_NS };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static long long ns(const struct timespec *t)
{
	return (long long)t->tv_sec * 1000000000 + t->tv_nsec;
}

void posix_times(
	const struct stat *was, const struct stat *is, unsigned moved, const char *file, int line)
{
	const struct {
		const char *name;
		long long was, is;
	} times[] = {
		{ "atime", ns(&was->st_atim), ns(&is->st_atim) },
		{ "mtime", ns(&was->st_mtim), ns(&is->st_mtim) },
		{ "ctime", ns(&was->st_ctim), ns(&is->st_ctim) },
	};

	for (unsigned i = 0; i < 3; i++) {
		long long by = times[i].is - times[i].was;

		if (moved & (1U << i) ? by <= 0 : by != 0)
			posix_fail(file, line, "%s: expected %s, went on by %lld ns", times[i].name,
				moved & (1U << i) ? "a later one" : "the same", by);
	}
}

void posix_put(const char *path, const char *text, const char *file, int line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t len = (ssize_t)strlen(text);

	if (fd < 0 || write(fd, text, (size_t)len) != len || close(fd))
		posix_fail(file, line, "cannot write %.64s: %s", path, strerrorname_np(errno));
}

void posix_has(const char *path, const char *text, const char *file, int line)
{
	size_t len = strlen(text);
	char got[512];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof(got));

	if (n < 0)
		posix_fail(file, line, "cannot read %.64s: %s", path, strerrorname_np(errno));
	(void)close(fd);
	if ((size_t)n != len || memcmp(got, text, len) != 0)
		posix_fail(file, line, "%.64s: expected \"%s\", got \"%.*s\"", path, text, (int)n,
			got);
}

const char *posix_name(size_t n)
{
	static char text[PATH_MAX + 2];

	memset(text, 'n', n);
	text[n] = 0;
	return text;
}

const char *posix_path(size_t n)
{
	static char text[PATH_MAX + 2];

	for (size_t i = 0; i < n; i++)
		text[i] = i + 2 >= n ? 'p' : i % 2 ? '/' : '.';
	text[n] = 0;
	return text;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP || type == FTW_DNR ? rmdir(path) : unlink(path);
}

static int remove_tree(const char *path)
{
	return nftw(path, remove_one, OPEN_MAX_FTW, FTW_DEPTH | FTW_PHYS);
}

static void alone(const struct posix_case *c, const char *folder)
{
	name = c->name;
	(void)alarm(CASE_SECONDS);
	(void)umask(022);
	if (chdir(folder))
		posix_fail(c->file, 0, "chdir: %s", strerrorname_np(errno));
	c->run();
	(void)fflush(stdout);
	_exit(0);
}

/* True when it holds. */
static bool run(const struct posix_case *c, const char *dir)
{
	char folder[PATH_MAX];
	int status = 0;
	pid_t pid;

	name = c->name;
	(void)snprintf(folder, sizeof(folder), "%s/%s.%s", dir, group, c->name);
	if (mkdir(folder, 0755)) {
		printf("%s/%s FAIL cannot make %s: %s\n", group, name, folder,
			strerrorname_np(errno));
		return false;
	}
	pid = posix_fork();
	if (!pid)
		alone(c, folder);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		printf("%s/%s FAIL ended by signal %d\n", group, name, WTERMSIG(status));
	if (status == 0 && remove_tree(folder)) {
		printf("%s/%s FAIL what it left cannot be removed: %s\n", group, name,
			strerrorname_np(errno));
		return false;
	}
	if (status == 0)
		printf("%s/%s ok\n", group, name);
	else
		(void)remove_tree(folder); /* as far as it goes; the case has failed already */
	return status == 0;
}

/* "tests/posix/open.c" → "open" */
static const char *group_of(const struct posix_case *c)
{
	static char text[64];
	const char *base = strrchr(c->file, '/');

	(void)snprintf(text, sizeof(text), "%s", base ? base + 1 : c->file);
	text[strcspn(text, ".")] = 0;
	return text;
}

static bool chosen(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], group))
			return true;
	return argc <= 2;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	if (argc < 2 || geteuid() != 0) {
		(void)fprintf(stderr, "usage, as root: %s DIR [GROUP…]\n", argv[0]);
		return 2;
	}
	for (const struct posix_case *c = cases; c; c = c->next) {
		group = group_of(c);
		if (!chosen(argc, argv))
			continue;
		if (run(c, argv[1]))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
