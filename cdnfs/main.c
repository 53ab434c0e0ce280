/* cdnfs: mounts a CDN as a directory. Builds downward, tears down upward. */
#include "cdnfs/channel.h"
#include "cdnfs/handshake.h"
#include "cdnfs/mountpoint.h"
#include "cdnfs/ops.h"
#include "cdnfs/options.h"
#include "cdnfs/permit.h"
#include "cdnfs/renew.h"
#include "cdnfs/retry.h"
#include "cdnfs/staging_dir.h"
#include "cdnfs/stats.h"
#include "cdnfs/store.h"
#include "cdnfs/stream.h"
#include "cdnfs/teller.h"
#include "common/log.h"
#include "common/pem.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED 32 /* mount(8): the mount failed; 1: wrong usage */
#define ERROR_MAX 512
#define TELLER_MS 2000 /* for the kernel to take in what changed */

struct mount {
	struct options opt;
	struct cdnfs fs;
	char *path;
	struct fuse_session *session;
	bool signals, mounted;
	struct readahead *readahead;
	struct stats *stats;
	struct ticker *retry;
	struct channel *channel;
	int verdict; /* where the parent waits, -1 in the foreground */
};

static void complain(const char *what)
{
	(void)fprintf(stderr, "cdnfs: %s\n", what); /* nowhere else to complain */
}

static int failed(const struct mount *m)
{
	return m->opt.helper ? FAILED : 1;
}

/* The parent of a daemon waits until the mount works, or the child has said why not. */
static int wait_verdict(const struct mount *m, pid_t child, int fd)
{
	int status = 0;
	char ok;
	ssize_t n;

	do
		n = read(fd, &ok, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return 0;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return failed(m);
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : failed(m);
}

/* In the child returns -1 and sets m->verdict; in the parent its exit status. */
static int split(struct mount *m)
{
	int fds[2];
	pid_t pid;

	m->verdict = -1;
	if (m->opt.foreground)
		return -1;
	if (pipe2(fds, O_CLOEXEC) < 0) {
		complain(strerror(errno));
		return failed(m);
	}
	pid = fork();
	if (pid < 0) {
		complain(strerror(errno));
		return failed(m);
	}
	(void)close(fds[pid ? 1 : 0]); /* the other side's */
	if (pid)
		return wait_verdict(m, pid, fds[0]);
	m->verdict = fds[1];
	return -1;
}

/* From the terminal's child to a daemon, when all is well. */
static void let_go(struct mount *m)
{
	enum log_level level = LOG_LEVEL_INFO;
	int null;

	if (m->verdict < 0)
		return;
	(void)log_level_parse(m->opt.set.log_level, &level); /* was checked */
	log_to_syslog("cdnfs", level);
	(void)setsid(); /* fails for a group leader only, which a child is not */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		(void)dup2(null, fd); /* what stays open harms nobody */
	if (null > 2)
		(void)close(null);
	if (chdir("/") < 0 || write(m->verdict, "", 1) < 0)
		log_debug("parent did not wait", "%s", "");
	(void)close(m->verdict);
	m->verdict = -1;
}

static char *absolute(const char *path)
{
	char cwd[4096], *out = NULL;

	if (path[0] == '/')
		return strdup(path);
	if (!getcwd(cwd, sizeof(cwd)) || asprintf(&out, "%s/%s", cwd, path) < 0)
		return NULL;
	return out;
}

static int check_server(struct mount *m, char *error, size_t cap)
{
	struct buf why = BUF_INIT;
	struct wait w = {
		.ms = (int64_t)m->opt.set.mount_timeout * 1000, .quiet = true, .why = &why
	};
	struct attr shown;
	int rc;

	log_request_new();
	rc = store_refresh(&m->fs, &w, INODE_ROOT, &shown);

	if (rc == -EACCES)
		(void)snprintf(error, cap,
			"distributor %s refuses the token: give the servers' one by token_file or "
			"CDN_TOKEN",
			m->opt.set.url);
	else if (rc < 0)
		(void)snprintf(error, cap,
			"distributor %s does not answer as one: %s. Does it run there? (-o url=, "
			"CDN_URL, " SETTINGS_FILE ")",
			m->opt.set.url, why.len ? buf_str(&why) : strerror(-rc));
	buf_release(&why);
	return rc;
}

static int build(struct mount *m, char *error, size_t cap)
{
	struct cdnfs *fs = &m->fs;
	const struct options *o = &m->opt;
	struct link_conf lc = { .url = o->set.url,
		.token = o->token,
		.ca_file = o->set.ca_file,
		.timeout_ms = (int64_t)o->set.timeout * 1000 };
	char *stats;
	int rc = mountpoint_prepare(o->mountpoint, &m->path, error, cap);

	if (!rc)
		rc = permit_check(o, m->path, error, cap);
	if (!rc && !o->ro)
		rc = staging_dir_open(o->set.staging, &fs->staging, error, cap);
	if (!rc && o->set.stats) {
		stats = absolute(o->set.stats);
		free(m->opt.set.stats);
		m->opt.set.stats = stats;
		rc = stats ? 0 : -ENOMEM;
	}
	if (!rc)
		rc = inodes_open(&fs->inodes);
	if (!rc)
		rc = coherence_open(fs->inodes, &fs->coherence);
	if (!rc)
		rc = pem_check_authorities(o->set.ca_file, error, cap);
	if (!rc)
		rc = api_open(&lc, &fs->api);
	if (!rc)
		rc = check_server(m, error, cap);
	if (!rc)
		rc = content_open(fs->api, o->set.memory, &fs->content);
	if (!rc && strcmp(o->set.locks, "shared") == 0)
		rc = locks_open(fs->api, &fs->locks);
	if (!rc)
		rc = stats_open(fs, &m->stats);
	if (!rc)
		rc = renew_open(fs, &fs->renew);
	if (!rc)
		rc = renew_open(fs, &fs->seeker);
	if (!rc)
		rc = streams_open(&fs->streams);
	if (!rc)
		rc = retry_open(fs, &m->retry);
	if (!rc)
		rc = readahead_open(m->path, &fs->ready, &m->readahead);
	if (rc < 0 && !error[0])
		(void)snprintf(error, cap, "cannot start: %s", strerror(-rc));
	return rc;
}

static int mount_session(struct mount *m, const char *program, char *error, size_t cap)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct buf words = BUF_INIT;
	int rc = -ENOMEM;

	buf_addf(&words, "fsname=%s,subtype=cdnfs,default_permissions%s%s", m->opt.set.url,
		geteuid() == 0 && !m->opt.allow_other_set ? ",allow_other" : "",
		buf_str(&m->opt.fuse));
	if (buf_error(&words) < 0 || fuse_opt_add_arg(&args, program) ||
		fuse_opt_add_arg(&args, "-o") || fuse_opt_add_arg(&args, buf_str(&words)) ||
		(m->opt.debug && fuse_opt_add_arg(&args, "-d")))
		goto out;
	rc = -EINVAL;
	m->session = fuse_session_new(&args, &ops_table, sizeof(ops_table), &m->fs);
	if (!m->session)
		goto out;
	m->fs.session = m->session;
	if (fuse_set_signal_handlers(m->session) < 0)
		goto out;
	m->signals = true;
	if (fuse_session_mount(m->session, m->path) < 0)
		goto out;
	m->mounted = true;
	rc = handshake_open(m->session);
out:
	if (rc < 0)
		(void)snprintf(error, cap, "cannot mount on %s; libfuse has said why", m->path);
	buf_release(&words);
	fuse_opt_free_args(&args);
	return rc;
}

/* Threads made from now on get no signals: they are the main thread's, SIGUSR1 the counters'. */
static void block_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	(void)pthread_sigmask(SIG_BLOCK, &set, before); /* fails for a wrong `how` only */
	sigaddset(before, SIGUSR1);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* The kernel is told of changes from now on. Without that it is not told long what it may believe. */
static void listen_to_others(struct mount *m)
{
	const struct wait once = { .quiet = true };
	struct attr root;
	sigset_t before;
	int rc;

	block_signals(&before);
	rc = teller_open(m->session, &m->fs.coherence, &m->fs.teller);
	if (!rc)
		rc = channel_open(&m->fs, &m->channel);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc) /* what was asked for before is not relied upon */
		(void)store_refresh(&m->fs, &once, INODE_ROOT, &root); /* else when it is needed */
	if (rc < 0)
		log_warn("changes of others are seen within attr_timeout", "error=\"%s\"",
			strerror(-rc));
}

/* Before the connection to the kernel is closed. A kernel that waits for us while we wait for it is let go by force. */
static void listen_no_more(struct mount *m)
{
	channel_close(&m->channel);
	if (!teller_stop(m->fs.teller, TELLER_MS))
		(void)umount2(m->path, MNT_FORCE); /* fails for users: who umounts does it then */
	teller_close(&m->fs.teller);
}

static void serve(struct mount *m)
{
	struct fuse_loop_config *lc;
	int rc;

	listen_to_others(m);
	log_info("mounted", "url=%s mountpoint=\"%s\"", m->opt.set.url, m->path);
	lc = m->opt.single ? NULL : fuse_loop_cfg_create();
	if (lc) {
		fuse_loop_cfg_set_max_threads(lc, (unsigned)m->opt.set.threads);
		rc = fuse_session_loop_mt(m->session, lc);
		fuse_loop_cfg_destroy(lc);
	} else {
		rc = fuse_session_loop(m->session);
	}
	if (rc < 0)
		log_warn("the kernel's requests ended", "error=\"%s\"", strerror(-rc));
}

/* Upward; what was not built is NULL. */
static void tear_down(struct mount *m)
{
	if (m->mounted)
		fuse_session_unmount(m->session);
	renew_close(&m->fs.renew);
	renew_close(&m->fs.seeker);
	readahead_close(&m->readahead);
	ticker_close(&m->retry);
	stats_close(&m->stats);
	if (m->signals)
		fuse_remove_signal_handlers(m->session);
	locks_close(&m->fs.locks); /* who waits is answered, by the session */
	if (m->session)
		fuse_session_destroy(m->session);
	opened_release(&m->fs.opened, &m->fs);
	streams_close(&m->fs.streams);
	content_close(&m->fs.content);
	api_close(&m->fs.api);
	coherence_close(&m->fs.coherence);
	inodes_close(&m->fs.inodes);
	staging_dir_close(&m->fs.staging);
	stale_release(&m->fs.stale);
	pthread_mutex_destroy(&m->fs.room_lock);
	(void)sem_destroy(&m->fs.ready);
	free(m->path);
}

static int run(struct mount *m, const char *program)
{
	char error[ERROR_MAX] = "";
	unsigned lost = 0;
	sigset_t before;
	int rc;

	m->fs.opt = &m->opt;
	(void)sem_init(&m->fs.ready, 0, 0); /* fails for too high a value only */
	pthread_mutex_init(&m->fs.room_lock, NULL);
	opened_init(&m->fs.opened);
	stale_init(&m->fs.stale);
	block_signals(&before);
	rc = build(m, error, sizeof(error));
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		rc = mount_session(m, program, error, sizeof(error));
	if (rc < 0) {
		complain(error);
	} else {
		let_go(m);
		serve(m);
		ticker_close(&m->retry);
		lost = store_all(&m->fs);
		if (lost)
			log_error("files could not be stored before the unmount: their last bytes "
				  "are lost",
				"files=%u", lost);
		listen_no_more(m);
	}
	tear_down(m);
	if (rc < 0)
		return failed(m);
	return lost ? 1 : 0;
}

static int refusal(const struct options *o, int rc)
{
	if (rc == -EOPNOTSUPP)
		return FAILED;
	return o->helper ? 1 : 2;
}

int main(int argc, char **argv)
{
	static struct mount m;
	char error[ERROR_MAX];
	enum log_level level = LOG_LEVEL_INFO;
	int rc = options_parse(&m.opt, argc, argv, SETTINGS_FILE, error, sizeof(error));

	if (rc < 0) {
		complain(error[0] ? error : strerror(-rc));
		rc = refusal(&m.opt, rc);
		options_free(&m.opt);
		return rc;
	}
	if (m.opt.what == OPTIONS_HELP)
		options_usage();
	else if (m.opt.what == OPTIONS_VERSION)
		(void)printf("cdnfs %s\n", VERSION);
	if (m.opt.what == OPTIONS_RUN) {
		(void)log_level_parse(m.opt.set.log_level, &level); /* was checked */
		log_init("cdnfs", m.opt.debug ? LOG_LEVEL_DEBUG : level, stderr);
		rc = split(&m);
		if (rc < 0)
			rc = run(&m, argv[0]);
	}
	options_free(&m.opt);
	return rc;
}
