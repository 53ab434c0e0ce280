/* fake_dist - a distributor for tests: a few records in memory, and the failures that a node must survive. */
#ifndef TESTS_UNIT_NODE_FAKE_DIST_H
#define TESTS_UNIT_NODE_FAKE_DIST_H

#include "common/httpd.h"
#include "common/json.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fake_mode {
	FAKE_OK,
	FAKE_REFUSE,	    /* 409 */
	FAKE_BUSY,	    /* 503 */
	FAKE_MUTE_BEFORE,   /* does nothing and does not answer until the mode changes */
	FAKE_MUTE_AFTER,    /* does it, but does not answer until the mode changes */
	FAKE_BROKEN_ANSWER, /* does it and answers 200 with garbage */
};

struct fake_record {
	uint64_t id, size, stamp;
	char etag[40], filename[300], node[64], uri[128];
};

struct fake_dist {
	struct httpd *server;
	char base[64];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum fake_mode mode;		/* lock */
	struct fake_record records[64]; /* lock: [0] is unused, id 0 is free */
	unsigned changes;		/* lock: POST, PUT and DELETE that came */
	uint64_t reclaimed;		/* lock: stamp of the last reclaim/ */
};

static inline struct fake_record *fake_find_locked(struct fake_dist *f, uint64_t id, uint64_t stamp)
{
	for (size_t i = 1; i < 64; i++) {
		struct fake_record *r = &f->records[i];

		if (r->id && (id ? r->id == id : r->stamp == stamp))
			return r;
	}
	return NULL;
}

static inline cJSON *fake_json(const struct fake_record *r)
{
	cJSON *o = cJSON_CreateObject();

	json_add_u64(o, "id", r->id);
	json_add_u64(o, "size", r->size);
	if (r->filename[0])
		cJSON_AddStringToObject(o, "filename", r->filename);
	else
		cJSON_AddNullToObject(o, "filename");
	json_add_stamp(o, "stamp", r->stamp);
	cJSON_AddStringToObject(o, "etag", r->etag);
	cJSON_AddStringToObject(o, "node", r->node);
	cJSON_AddStringToObject(o, "uri", r->uri);
	json_add_time(o, "mtime", 1700000000000000000);
	json_add_time(o, "ctime", 1700000001000000000);
	return o;
}

static inline void fake_fill(struct fake_record *r, const cJSON *body)
{
	struct json_reader in;
	const char *text;

	json_reader_init(&in, body);
	json_u64(&in, "size", UINT64_MAX, &r->size);
	json_stamp(&in, "stamp", &r->stamp);
	if (json_text(&in, "etag", 33, &text))
		strcpy(r->etag, text);
	if (json_text(&in, "filename", 299, &text))
		strcpy(r->filename, text);
	strcpy(r->node, "node1");
	if (json_text(&in, "uri", 127, &text))
		strcpy(r->uri, text);
}

/* What the request does, under the lock; its answer, or NULL: no such content. */
static inline cJSON *fake_change_locked(
	struct fake_dist *f, struct httpd_req *req, const cJSON *body)
{
	uint64_t id = httpd_id(req), stamp = 0;
	struct fake_record *r, old;
	struct json_reader in;
	cJSON *o, *previous;

	if (strcmp(httpd_method(req), "DELETE") == 0) {
		r = fake_find_locked(f, id, 0);
		o = r ? fake_json(r) : NULL;
		if (r)
			r->id = 0;
		return o;
	}
	json_reader_init(&in, body);
	json_stamp(&in, "stamp", &stamp);
	if (id == 0) {
		r = fake_find_locked(f, 0, stamp);
		for (uint64_t i = 1; !r && i < 64; i++) {
			if (f->records[i].id == 0) {
				r = &f->records[i];
				*r = (struct fake_record){ .id = i };
				fake_fill(r, body);
			}
		}
		if (!r)
			abort();
		return fake_json(r);
	}
	r = fake_find_locked(f, id, 0);
	if (!r)
		return NULL;
	old = *r;
	fake_fill(r, body);
	o = fake_json(r);
	if (old.stamp != r->stamp && old.stamp) {
		previous = cJSON_AddObjectToObject(o, "previous");
		cJSON_AddStringToObject(previous, "node", old.node);
		cJSON_AddStringToObject(previous, "uri", f->base);
		json_add_stamp(previous, "stamp", old.stamp);
	}
	return o;
}

static inline void fake_wait_locked(struct fake_dist *f)
{
	while (f->mode == FAKE_MUTE_BEFORE || f->mode == FAKE_MUTE_AFTER)
		pthread_cond_wait(&f->changed, &f->lock);
}

static inline void fake_change(struct httpd_req *req)
{
	struct fake_dist *f = httpd_server(req);
	cJSON *body = NULL, *answer = NULL;
	enum fake_mode mode;
	size_t len;
	const char *text = httpd_body(req, &len);

	if (len && json_parse(text, len, &body) < 0)
		abort();
	pthread_mutex_lock(&f->lock);
	f->changes++;
	mode = f->mode;
	if (mode == FAKE_OK || mode >= FAKE_MUTE_AFTER)
		answer = fake_change_locked(f, req, body);
	fake_wait_locked(f);
	pthread_mutex_unlock(&f->lock);
	cJSON_Delete(body);
	if (mode == FAKE_REFUSE)
		httpd_reply_error(req, 409, "fake refusal");
	else if (mode == FAKE_BUSY || mode == FAKE_MUTE_BEFORE)
		httpd_reply_error(req, 503, "fake database is away");
	else if (mode == FAKE_BROKEN_ANSWER)
		httpd_reply(req, 200, "text/html", "<html>", 6);
	else if (!answer)
		httpd_reply_error(req, 404, "no such content");
	if (httpd_replied(req))
		cJSON_Delete(answer);
	else
		httpd_reply_json(req, 200, answer);
}

static inline void fake_get(struct httpd_req *req)
{
	struct fake_dist *f = httpd_server(req);
	const char *text = httpd_query(req, "stamp");
	struct fake_record *r, copy = { 0 };
	uint64_t stamp = text ? strtoull(text, NULL, 16) : 0;
	enum fake_mode mode;

	pthread_mutex_lock(&f->lock);
	mode = f->mode;
	r = fake_find_locked(f, httpd_id(req), stamp);
	if (r)
		copy = *r;
	pthread_mutex_unlock(&f->lock);
	if (mode == FAKE_BUSY || mode == FAKE_MUTE_BEFORE || mode == FAKE_MUTE_AFTER) {
		httpd_reply_error(req, 503, "fake database is away");
	} else if (text) {
		cJSON *list = cJSON_CreateArray();

		if (copy.id)
			cJSON_AddItemToArray(list, fake_json(&copy));
		httpd_reply_json(req, 200, list);
	} else if (copy.id) {
		httpd_reply_json(req, 200, fake_json(&copy));
	} else {
		httpd_reply_error(req, 404, "no such content");
	}
}

static inline void fake_reclaim(struct httpd_req *req)
{
	struct fake_dist *f = httpd_server(req);
	size_t len;
	const char *text = strrchr(httpd_body(req, &len), '.');

	pthread_mutex_lock(&f->lock);
	f->reclaimed = text ? strtoull(text + 1, NULL, 16) : 0;
	pthread_mutex_unlock(&f->lock);
	httpd_reply(req, 200, "application/json", "{}", 2);
}

static inline void fake_mode_set(struct fake_dist *f, enum fake_mode mode)
{
	pthread_mutex_lock(&f->lock);
	f->mode = mode;
	f->changes = 0;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static inline unsigned fake_changes(struct fake_dist *f)
{
	unsigned n;

	pthread_mutex_lock(&f->lock);
	n = f->changes;
	pthread_mutex_unlock(&f->lock);
	return n;
}

/* A copy of the record; id 0: there is none. */
static inline struct fake_record fake_record(struct fake_dist *f, uint64_t id, uint64_t stamp)
{
	struct fake_record copy = { 0 }, *r;

	pthread_mutex_lock(&f->lock);
	r = fake_find_locked(f, id, stamp);
	if (r)
		copy = *r;
	pthread_mutex_unlock(&f->lock);
	return copy;
}

static inline void fake_record_set(struct fake_dist *f, const struct fake_record *r)
{
	pthread_mutex_lock(&f->lock);
	f->records[r->id] = *r;
	pthread_mutex_unlock(&f->lock);
}

static inline void fake_open(struct fake_dist *f)
{
	static const struct httpd_route routes[] = {
		{ .method = "POST",
			.path = "/content/",
			.flags = HTTPD_WORKER,
			.body_max = 65536,
			.handle = fake_change },
		{ .method = "PUT",
			.path = "/content/{id}",
			.flags = HTTPD_WORKER,
			.body_max = 65536,
			.handle = fake_change },
		{ .method = "DELETE",
			.path = "/content/{id}",
			.flags = HTTPD_WORKER,
			.handle = fake_change },
		{ .method = "GET", .path = "/content/", .handle = fake_get },
		{ .method = "GET", .path = "/content/{id}", .handle = fake_get },
		{ .method = "POST",
			.path = "/reclaim/",
			.body_max = 65536,
			.handle = fake_reclaim },
	};
	struct httpd_conf conf = { .listen = "127.0.0.1:0",
		.routes = routes,
		.nroutes = ARRAY_LEN(routes),
		.server = f,
		.event_threads = 1,
		.workers = 4 };
	char error[256];

	memset(f, 0, sizeof(*f));
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	if (httpd_open(&conf, &f->server, error, sizeof(error)) < 0) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
	snprintf(f->base, sizeof(f->base), "http://127.0.0.1:%u", httpd_port(f->server));
}

static inline void fake_close(struct fake_dist *f)
{
	fake_mode_set(f, FAKE_OK);
	httpd_close(&f->server, 1000);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
}

#endif
