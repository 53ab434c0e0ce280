#include "cdnfs/ctl_peers.h"
#include "cdnfs/ctl_print.h"
#include "common/clock.h"
#include "common/http.h"
#include "common/limits.h"
#include "common/size.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 5000
#define BODY_MAX 1048576
#define NS 1e9

struct peer {
	const char *name, *url; /* the view's, or c's */
	bool node, down;	/* down: dist says so */
	bool loopback;		/* its name leads to this machine itself */
	bool answered, timed;	/* timed: skew is known */
	double skew;		/* seconds its clock is ahead of ours */
};

struct peers {
	struct ctl *c;
	struct ctl_findings *out;
	struct peer *list;
	size_t n;
};

/* The host of http://host:port, without brackets. */
static void host_of(const char *url, char *out, size_t cap)
{
	const char *from = strstr(url, "://");
	size_t len;

	from = from ? from + 3 : url;
	if (*from == '[')
		len = strcspn(++from, "]");
	else
		len = strcspn(from, ":/?");
	(void)snprintf(out, cap, "%.*s", (int)len, from); /* longer ones are no names */
}

static bool is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >>
			       24 ==
		       127;
	return a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

/* True when the name of its host leads somewhere. */
static bool resolve(const struct peers *p, struct peer *peer)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char host[LIMIT_HOST + 1];
	int rc;

	host_of(peer->url, host, sizeof(host));
	rc = getaddrinfo(host, NULL, &hints, &list);
	if (rc != 0) {
		ctl_found(p->out, "dns",
			peer->node ? "put the name into DNS or /etc/hosts here, or a name or "
				     "address that clients know into dist's nodes.yml"
				   : "put the name into DNS or /etc/hosts here, or an address into "
				     "--url or CDN_URL",
			"%s: the name \"%s\" cannot be resolved here: %s", peer->name, host,
			gai_strerror(rc));
		return false;
	}
	peer->loopback = is_loopback(list->ai_addr);
	freeaddrinfo(list);
	return true;
}

/* Date has whole seconds: what lies within the one that it names, and while we waited, is no difference. */
static void take_clock(
	struct peer *peer, const struct httpc_res *res, int64_t before_ns, int64_t after_ns)
{
	char date[64];
	time_t told;

	if (!httpc_header(res, "Date", date, sizeof(date)) || http_date_parse(date, &told) < 0)
		return;
	peer->timed = true;
	if ((double)told > (double)after_ns / NS)
		peer->skew = (double)told - (double)after_ns / NS;
	else if ((double)told + 1 < (double)before_ns / NS)
		peer->skew = (double)told + 1 - (double)before_ns / NS;
}

static void check_version(const struct peers *p, const struct peer *peer, const char *version)
{
	if (strcmp(version, "-") == 0)
		ctl_found(p->out, "version", "install one version everywhere",
			"%s does not tell its version; this is %s", peer->name, VERSION);
	else if (strcmp(version, VERSION) != 0)
		ctl_found(p->out, "version",
			"install one version everywhere, and restart what was running",
			"%s has version %s, this is %s", peer->name, version, VERSION);
}

/* Less room on the disk than the node promises. */
static void check_disk(const struct peers *p, const struct peer *peer, const cJSON *stats)
{
	uint64_t most = ctl_count(stats, "max_storage"), room = ctl_count(stats, "free");
	uint64_t used = ctl_count(stats, "storage") + ctl_count(stats, "reserved");
	char has[32], says[32];

	if (used >= most || room >= most - used - most / 100)
		return;
	ctl_found(p->out, "disk", "a smaller --max-storage (MAX_STORAGE), or room on its disk",
		"the disk of %s has room for %s only, of the %s that --max-storage promises still",
		peer->name, size_format(room, has, sizeof(has)),
		size_format(most - used, says, sizeof(says)));
}

static void look(const struct peers *p, struct peer *peer, const struct httpc_res *res)
{
	const cJSON *of;
	cJSON *stats = NULL;

	if (res->status == 401 || res->status == 403)
		return; /* the token, which ctl_view_check() tells of */
	if (res->status != 200 || json_parse(buf_str(&res->body), res->body.len, &stats) < 0 ||
		!cJSON_HasObjectItem(stats, peer->node ? "max_storage" : "stats")) {
		ctl_found(p->out, "stranger",
			"see what listens there; host and port in dist's nodes.yml must be "
			"those by which clients reach the server",
			"what answers at %s is not %s", peer->url, peer->name);
	} else {
		peer->answered = true;
		of = peer->node ? stats : cJSON_GetObjectItemCaseSensitive(stats, "dist");
		check_version(p, peer, ctl_words(of, "version"));
		if (peer->node)
			check_disk(p, peer, stats);
	}
	cJSON_Delete(stats);
}

static void silent(const struct peers *p, const struct peer *peer, const char *why)
{
	if (peer->down || !peer->node)
		return; /* ctl_view_check() tells it */
	ctl_found(p->out, "unreachable",
		"clients need its public host and port of nodes.yml: see that they are right, that "
		"the firewall lets them through, that a container's port is published",
		"%s does not answer from here at %s, though dist reaches it: %s", peer->name,
		peer->url, why);
}

static void ask(const struct peers *p, struct peer *peer)
{
	struct httpc_res res = HTTPC_RES_INIT;
	struct buf url = BUF_INIT;
	struct httpc_req req = { .method = "GET", .timeout_ms = PATIENCE_MS, .body_max = BODY_MAX };
	int64_t before;
	int rc;

	buf_addf(&url, "%s/stats/", peer->url);
	req.url = buf_str(&url);
	before = clock_real_ns();
	rc = httpc_do(p->c->http, &req, &res);
	if (rc < 0) {
		silent(p, peer, httpc_why(&res, rc));
	} else {
		take_clock(peer, &res, before, clock_real_ns());
		look(p, peer, &res);
	}
	httpc_res_release(&res);
	buf_release(&url);
}

static void check_peer(const struct peers *p, struct peer *peer)
{
	unsigned before = ctl_findings_count(p->out);

	if (!resolve(p, peer))
		return;
	if (peer->node && peer->loopback && !p->list[0].loopback) {
		ctl_found(p->out, "loopback",
			"write the address by which clients reach it into dist's nodes.yml",
			"%s is told to clients as %s, which is each client's own machine",
			peer->name, peer->url);
		return;
	}
	ask(p, peer);
	if (peer->answered && ctl_findings_count(p->out) == before)
		ctl_fine(p->out, peer->node ? "node" : "dist", "%s answers at %s, version %s",
			peer->name, peer->url, VERSION);
}

static const char *ahead(double skew)
{
	return skew > 0 ? "ahead of" : "behind";
}

static void check_clocks(const struct peers *p)
{
	static const char cure[] = "run NTP (systemd-timesyncd, chrony) there: public links "
				   "expire by these clocks, files get their times from them";
	const struct peer *least = NULL, *most = NULL;
	unsigned off = 0, timed = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct peer *q = &p->list[i];

		if (!q->timed)
			continue;
		timed++;
		off += fabs(q->skew) > CTL_CLOCK_S;
		least = !least || q->skew < least->skew ? q : least;
		most = !most || q->skew > most->skew ? q : most;
	}
	if (!timed)
		return;
	if (off == timed && timed > 1 && most->skew - least->skew <= CTL_CLOCK_S) {
		ctl_found(p->out, "clock", "run NTP (systemd-timesyncd, chrony) here",
			"this machine's clock is %.0f s %s those of all servers", fabs(most->skew),
			ahead(-most->skew));
		return;
	}
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].timed && fabs(p->list[i].skew) > CTL_CLOCK_S)
			ctl_found(p->out, "clock", cure, "the clock of %s is %.0f s %s ours",
				p->list[i].name, fabs(p->list[i].skew), ahead(p->list[i].skew));
	if (!off && most->skew - least->skew > CTL_CLOCK_S)
		ctl_found(p->out, "clock", cure, "the clocks of %s and %s differ by %.0f s",
			most->name, least->name, most->skew - least->skew);
	else if (!off)
		ctl_fine(p->out, "clock", "the clocks agree");
}

void ctl_peers_check(struct ctl *c, const struct ctl_view *v, struct ctl_findings *out)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(v->stats, "stats"), *node;
	struct peers p = { .c = c, .out = out };

	p.list = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*p.list));
	if (!p.list) {
		ctl_found(out, "memory", "end other programs", "memory is out");
		return;
	}
	p.list[p.n++] = (struct peer){ .name = "dist", .url = c->url };
	cJSON_ArrayForEach(node, list)
	{
		const char *url = ctl_words(node, "uri");

		if (http_uri_ok(url))
			p.list[p.n++] = (struct peer){ .name = node->string,
				.url = url,
				.node = true,
				.down = strcmp(ctl_words(node, "status"), "UP") != 0 };
	}
	for (size_t i = 0; i < p.n; i++)
		check_peer(&p, &p.list[i]);
	check_clocks(&p);
	free(p.list);
}
