#include "common/base.h"
#include "common/clock.h"
#include "common/httpd.h"
#include "common/log.h"
#include "common/service.h"
#include "node/dist.h"
#include "node/node.h"
#include "node/options.h"
#include "node/ready.h"
#include "node/resolve.h"
#include "node/routes.h"
#include "node/store.h"
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_MS 10000
/* an event thread that does not answer for so long is stuck */
#define ALIVE_MS 10000
/* How long after an unanswered request dist may still carry it out; its own waits for the database are shorter. */
#define GRACE_MS 3000
#define CONNECTION_MEMORY (256U << 10) /* decides the size of an upload's chunks */

static int open_store(const struct options *o, struct store **out, char *error, size_t cap)
{
	const struct store_conf conf = {
		.path = o->storage, .max = o->max_storage, .trash_ttl = o->trash_ttl
	};

	snprintf(error, cap, "out of memory");
	return store_open(&conf, out, error, cap);
}

static int open_dist(const struct options *o, struct dist **out, char *error, size_t cap)
{
	const struct dist_conf conf = { .base = o->dist,
		.name = o->name,
		.token = o->service.token,
		.ca_file = o->service.ca_file,
		.timeout_ms = (int64_t)o->dist_timeout * 1000 };
	int rc = dist_open(&conf, out);

	if (rc < 0)
		snprintf(error, cap, "cannot prepare calls to dist: %s", strerror(-rc));
	return rc;
}

static int open_httpd(
	const struct options *o, struct node *n, struct httpd **out, char *error, size_t cap)
{
	struct httpd_conf conf = service_options_httpd(&o->service);

	conf.routes = node_routes;
	conf.nroutes = node_nroutes;
	conf.server = n;
	conf.connection_memory = CONNECTION_MEMORY;
	conf.thread_each = true;
	return httpd_open(&conf, out, error, cap);
}

static int open_resolve(struct node *n, char *error, size_t cap)
{
	int rc = resolve_open(n->store, n->dist, GRACE_MS, &n->resolve);

	if (rc < 0)
		snprintf(error, cap, "cannot start to settle leftovers: %s", strerror(-rc));
	return rc;
}

static int open_ready(struct node *n, char *error, size_t cap)
{
	int rc = ready_open(&n->store->folder, n->dist, &n->ready);

	if (rc < 0)
		snprintf(error, cap, "out of memory");
	return rc;
}

static void say_ready(const struct options *o, struct node *n)
{
	struct usage_view u;

	usage_read(&n->store->usage, &u);
	log_info("ready",
		"listen=%s storage=%s max_storage=%" PRIu64 " used=%" PRIu64 " contents=%" PRIu64
		" trash=%" PRIu64 " unsettled=%zu dist=%s",
		o->service.listen, o->storage, u.max, u.live, u.contents, u.trash,
		resolve_waiting(n->resolve), o->dist);
}

/* Does the event loop answer? Asked by the service manager's watchdog. */
static bool alive(void *server)
{
	return httpd_alive(server, ALIVE_MS);
}

static int run(const struct options *o, const sigset_t *signals)
{
	struct node n = { .scheme = o->service.tls_cert ? "https" : "http",
		.began_ms = clock_ms(),
		.dist_timeout_ms = (int64_t)o->dist_timeout * 1000 };
	struct httpd *server = NULL;
	char error[512];
	int rc;

	rc = open_store(o, &n.store, error, sizeof(error));
	if (rc == 0)
		rc = open_dist(o, &n.dist, error, sizeof(error));
	if (rc == 0)
		rc = open_resolve(&n, error, sizeof(error));
	if (rc == 0)
		rc = open_ready(&n, error, sizeof(error));
	if (rc == 0)
		rc = open_httpd(o, &n, &server, error, sizeof(error));
	if (rc == 0) {
		say_ready(o, &n);
		(void)service_wait(signals, alive, server); /* any signal ends it alike */
	} else {
		log_error("cannot start", "reason=\"%s\"", error);
	}
	httpd_close(&server, DRAIN_MS);
	if (n.dist)
		dist_stop(n.dist);
	ready_close(&n.ready);
	resolve_close(&n.resolve);
	dist_close(&n.dist);
	store_close(&n.store);
	if (rc == -EINVAL)
		return 2; /* what was asked for is wrong */
	return rc < 0 ? 1 : 0;
}

/* Stops on SIGTERM and SIGINT, which every thread leaves to run(). */
static int serve(const struct options *o)
{
	sigset_t signals;
	int status;

	log_init("node", o->service.level, stderr);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before threads: they inherit it */
	curl_global_init(CURL_GLOBAL_DEFAULT);
	status = run(o, &signals);
	curl_global_cleanup();
	return status;
}

int main(int argc, char **argv)
{
	struct options o;
	char error[512];
	int rc = node_options_load(&o, argc, argv, error, sizeof(error)), status = 0;

	if (rc == 1) {
		node_options_help(stdout);
	} else if (rc == 2) {
		printf("node %s\n", VERSION);
	} else if (rc < 0) {
		fprintf(stderr, "node: %s\n", error);
		status = 2;
	} else {
		status = serve(&o);
	}
	node_options_release(&o);
	return status;
}
