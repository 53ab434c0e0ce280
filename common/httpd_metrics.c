#include "common/httpd_priv.h"

#include "common/metrics.h"
#include <errno.h>
#include <stdlib.h>

#define OTHER 0 /* statuses that are not in the table, and requests without an answer */

static const unsigned status_of[] = { 0, 200, 201, 206, 304, 307, 400, 401, 403, 404, 405, 409, 411,
	412, 413, 414, 416, 422, 500, 502, 503, 507 };
#define STATUSES ARRAY_LEN(status_of)

struct route_counts {
	_Atomic uint64_t received, sent; /* bytes of bodies */
	struct metrics_times times[STATUSES];
};

struct httpd_counts {
	_Atomic uint64_t early;
	struct route_counts routes[]; /* one more than there are: requests for none */
};

int httpd_counts_open(size_t nroutes, struct httpd_counts **out)
{
	struct httpd_counts *c = calloc(1, sizeof(*c) + (nroutes + 1) * sizeof(c->routes[0]));

	if (!c)
		return -ENOMEM;
	*out = c;
	return 0;
}

static size_t status_index(unsigned status)
{
	for (size_t i = 1; i < STATUSES; i++)
		if (status_of[i] == status)
			return i;
	return OTHER;
}

void httpd_count(const struct httpd_req *req, int64_t ns, bool whole)
{
	const struct httpd *d = req->server;
	size_t route = req->route ? (size_t)(req->route - d->conf.routes) : d->conf.nroutes;
	struct route_counts *c = &d->counts->routes[route];

	metrics_observe(&c->times[status_index(req->status)], ns);
	metrics_add(&c->received, req->received);
	if (whole)
		metrics_add(&c->sent, httpd_sent(req));
	else
		metrics_add(&d->counts->early, 1);
}

static void label_route(struct buf *labels, const struct httpd *d, size_t route)
{
	bool known = route < d->conf.nroutes;

	buf_clear(labels);
	metrics_label(labels, "method", known ? d->conf.routes[route].method : "other");
	metrics_label(labels, "route", known ? d->conf.routes[route].path : "other");
}

static void label_status(struct buf *labels, size_t status)
{
	char text[8] = "other";

	if (status != OTHER)
		(void)snprintf(text, sizeof(text), "%u", status_of[status]); /* fits */
	metrics_label(labels, "status", text);
}

static void add_requests(const struct httpd *d, bool times, struct buf *out)
{
	struct buf labels = BUF_INIT;

	for (size_t i = 0; i < (d->conf.nroutes + 1) * STATUSES; i++) {
		size_t route = i / STATUSES, status = i % STATUSES;
		const struct metrics_times *t = &d->counts->routes[route].times[status];
		uint64_t n = metrics_observed(t);

		if (!n)
			continue;
		label_route(&labels, d, route);
		label_status(&labels, status);
		if (times)
			metrics_times(
				out, "cdn_http_request_duration_seconds", buf_str(&labels), t);
		else
			metrics_number(out, "cdn_http_requests_total", buf_str(&labels), n);
	}
	buf_release(&labels);
}

static void add_bytes(const struct httpd *d, const char *name, bool sent, struct buf *out)
{
	struct buf labels = BUF_INIT;

	for (size_t i = 0; i <= d->conf.nroutes; i++) {
		const struct route_counts *c = &d->counts->routes[i];
		uint64_t n = metrics_get(sent ? &c->sent : &c->received);

		label_route(&labels, d, i);
		if (n)
			metrics_number(out, name, buf_str(&labels), n);
	}
	buf_release(&labels);
}

void httpd_metrics(const struct httpd_req *req, struct buf *out)
{
	const struct httpd *d = req->server;

	metrics_head(out, "cdn_http_requests_total", "counter", "Requests that have ended.");
	add_requests(d, false, out);
	metrics_head(out, "cdn_http_request_duration_seconds", "histogram",
		"From a request's headers to the last byte of its answer.");
	add_requests(d, true, out);
	metrics_gauge(out, "cdn_http_requests_in_flight",
		"Requests that have begun and not ended, this one too.", atomic_load(&d->active));
	metrics_gauge(out, "cdn_http_requests_waiting", "Requests that wait for a worker.",
		httpd_work_waiting(d->work));
	metrics_head(out, "cdn_http_received_bytes_total", "counter", "Bytes of requests' bodies.");
	add_bytes(d, "cdn_http_received_bytes_total", false, out);
	metrics_head(out, "cdn_http_sent_bytes_total", "counter",
		"Bytes of answers' bodies, of those that were sent to their end.");
	add_bytes(d, "cdn_http_sent_bytes_total", true, out);
	metrics_counter(out, "cdn_http_ended_early_total",
		"Requests whose connection broke before their end.",
		metrics_get(&d->counts->early));
}
