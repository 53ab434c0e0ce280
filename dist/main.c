#include "common/clock.h"
#include "common/httpd.h"
#include "common/log.h"
#include "common/origin.h"
#include "common/service.h"
#include "dist/dist.h"
#include "dist/herald.h"
#include "dist/keeper.h"
#include "dist/options.h"
#include "dist/routes.h"
#include "dist/watch.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DATABASE_WAIT_MS 30000
#define DATABASE_RETRY_MS 500
/* a query with more parameters than fit gets no answer from libmicrohttpd, only the time-out */
#define CONNECTION_MEMORY (256U << 10)
#define DRAIN_MS 5000
/* an event thread that does not answer for so long is stuck */
#define ALIVE_MS 10000
#define SQLITE_FILE "sqlite://"

/* All that runs; taken down in reverse. */
struct program {
	struct options options;
	struct conf_nodes conf;
	sigset_t signals;
	struct dist dist;
	struct httpc *http;
	struct watch *watch;
	struct keeper *keeper;
	struct herald *herald;
	struct httpd_route routes[ROUTES_MAX];
	struct httpd *httpd;
	char error[512];
};

/* Exits with 2 and a sentence when something is wrong. */
static void load_options(struct program *p, int argc, char **argv)
{
	int rc = dist_options_load(&p->options, argc, argv, p->error, sizeof(p->error));

	if (rc == 0)
		rc = conf_nodes_load(p->options.nodes, p->options.public_host, &p->conf, p->error,
			sizeof(p->error));
	if (rc == 1)
		dist_options_help(stdout);
	else if (rc == 2)
		printf("dist %s\n", VERSION);
	else if (rc < 0)
		(void)fprintf(stderr, "dist: %s\n", p->error);
	if (rc == 0)
		return;
	dist_options_release(&p->options);
	exit(rc < 0 ? 2 : 0);
}

/* SIGTERM and SIGINT are taken by sigwait, in every thread made from here on. */
static void block_signals(sigset_t *set)
{
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static int open_nodes(struct program *p)
{
	const struct options *o = &p->options;
	struct httpc_conf http = { .token = o->service.token,
		.ca_file = o->service.ca_file,
		.connect_ms = (int64_t)o->node_timeout,
		.keep = LIMIT_NODES,
		.user_agent = "cdn-dist" };
	struct watch_conf watch = { .interval_ms = (int64_t)o->poll,
		.timeout_ms = (int64_t)o->node_timeout };
	int rc = nodes_open(&p->conf, &p->dist.nodes);

	if (rc < 0)
		return rc;
	rc = httpc_open(&http, &p->http);
	if (rc < 0)
		return rc;
	watch.nodes = p->dist.nodes;
	watch.http = p->http;
	return watch_open(&watch, &p->watch);
}

/* Makes the folders above a file of SQLite. */
static int make_folders(struct program *p, const char *file)
{
	char path[4096];
	int rc;

	if (strlen(file) >= sizeof(path)) {
		(void)snprintf(p->error, sizeof(p->error), "database: the path is too long");
		return -ENAMETOOLONG;
	}
	strcpy(path, file);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			rc = -errno;
			(void)snprintf(p->error, sizeof(p->error),
				"database: cannot make the folder %s for %s: %s", path, file,
				strerror(-rc));
			return rc;
		}
		*slash = '/';
	}
	return 0;
}

/* 1 when a signal came meanwhile. */
static int pause_for_database(const struct program *p)
{
	const struct timespec pause = { .tv_nsec = DATABASE_RETRY_MS * 1000000 };

	return sigtimedwait(&p->signals, NULL, &pause) > 0;
}

/* 0; 1 when told to stop while the database was not there yet. */
static int open_database(struct program *p)
{
	const struct options *o = &p->options;
	const struct meta_conf conf = { .url = o->database,
		.connections = (unsigned)o->connections };
	int64_t until = clock_ms() + DATABASE_WAIT_MS;
	bool told = false;
	int rc;

	p->dist.began_ms = clock_ms();
	p->dist.waits = strncmp(o->database, "postgres", 8) == 0;
	if (strncmp(o->database, SQLITE_FILE "/", sizeof(SQLITE_FILE)) == 0) {
		rc = make_folders(p, o->database + sizeof(SQLITE_FILE) - 1);
		if (rc < 0)
			return rc;
	}
	for (;;) {
		rc = meta_open(&conf, &p->dist.meta, p->error, sizeof(p->error));
		if (rc != -EHOSTDOWN || clock_ms() >= until)
			break;
		if (!told)
			log_warn("waiting for the database", "seconds=%d error=\"%s\"",
				DATABASE_WAIT_MS / 1000, p->error);
		told = true;
		if (pause_for_database(p))
			return 1;
	}
	if (rc == 0)
		log_info("the database is open", "database=\"%s\"", meta_name(p->dist.meta));
	return rc;
}

static void tell_mounts(void *feed, const struct changes *changes)
{
	feed_publish(feed, changes, origin_get());
}

static int open_threads(struct program *p)
{
	static const struct feed_conf feed = { 0 };
	const struct reclaimer_conf reclaim = {
		.meta = p->dist.meta, .nodes = p->dist.nodes, .http = p->http, .watch = p->watch
	};
	int rc = feed_open(&feed, &p->dist.feed);

	if (rc == 0) {
		meta_on_change(p->dist.meta, tell_mounts, p->dist.feed);
		rc = probe_open(p->dist.meta, &p->dist.probe);
	}
	if (rc == 0 && meta_is_shared(p->dist.meta))
		rc = herald_open(p->dist.meta, p->dist.feed, &p->herald);
	if (rc == 0)
		rc = reclaimer_open(&reclaim, &p->dist.reclaimer);
	if (rc == 0)
		rc = keeper_open(p->dist.meta, &p->keeper);
	return rc;
}

static int open_httpd(struct program *p)
{
	struct httpd_conf conf = service_options_httpd(&p->options.service);

	conf.routes = p->routes;
	conf.nroutes = routes_fill(p->dist.waits, p->routes);
	conf.server = &p->dist;
	conf.connection_memory = CONNECTION_MEMORY;
	return httpd_open(&conf, &p->httpd, p->error, sizeof(p->error));
}

static int start(struct program *p)
{
	int rc = open_nodes(p);

	if (rc == 0)
		rc = open_database(p);
	if (rc == 0)
		rc = open_threads(p);
	if (rc == 0)
		rc = open_httpd(p);
	return rc;
}

static void stop(struct program *p)
{
	herald_close(&p->herald);
	feed_stop(p->dist.feed); /* nobody waits in the server then */
	httpd_close(&p->httpd, DRAIN_MS);
	keeper_close(&p->keeper);
	reclaimer_close(&p->dist.reclaimer);
	probe_close(&p->dist.probe);
	meta_close(&p->dist.meta);
	feed_close(&p->dist.feed);
	watch_close(&p->watch);
	httpc_close(&p->http);
	nodes_close(&p->dist.nodes);
	conf_nodes_release(&p->conf);
}

/* Does the event loop answer? Asked by the service manager's watchdog. */
static bool alive(void *server)
{
	return httpd_alive(server, ALIVE_MS);
}

int main(int argc, char **argv)
{
	static struct program p;
	int rc;

	load_options(&p, argc, argv);
	log_init("dist", p.options.service.level, stderr);
	block_signals(&p.signals);
	rc = start(&p);
	if (rc < 0) {
		log_error("cannot start", "error=\"%s\"", p.error[0] ? p.error : strerror(-rc));
	} else if (rc == 0) {
		log_info("ready", "listen=%s port=%u", p.options.service.listen,
			httpd_port(p.httpd));
		(void)service_wait(&p.signals, alive, p.httpd); /* any signal ends it alike */
	}
	stop(&p);
	dist_options_release(&p.options);
	if (rc == -EINVAL)
		return 2; /* what was asked for is wrong */
	return rc < 0 ? 1 : 0;
}
