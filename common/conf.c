#include "common/conf.h"

#include "common/base.h"
#include "common/buf.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <yaml.h>

/* Reads libyaml's events as they come and refuses at the first that does not fit the one shape
 * there is, so depth and aliases need no counting: neither can occur. */

struct reader {
	yaml_parser_t yaml;
	yaml_event_t event; /* the current one */
	const char *path;
	char *error;
	size_t cap;
};

/* host and port of one address, as far as they were given */
struct address {
	char host[LIMIT_HOST + 1];
	uint16_t port;
};

struct entry {
	struct address outside, inside;
	char scheme[6]; /* "" when absent */
	bool has_inside;
};

static int fail(struct reader *r, const char *fmt, ...) ATTR_PRINTF(2, 3);

static int fail(struct reader *r, const char *fmt, ...)
{
	int n = snprintf(r->error, r->cap, "%s:%zu: ", r->path, r->event.start_mark.line + 1);
	va_list ap;

	if (n < 0 || (size_t)n >= r->cap)
		return -EINVAL;
	va_start(ap, fmt);
	(void)vsnprintf(r->error + n, r->cap - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int fail_yaml(struct reader *r)
{
	const yaml_parser_t *y = &r->yaml;

	if (y->error == YAML_MEMORY_ERROR) {
		(void)snprintf(r->error, r->cap, "%s: out of memory", r->path);
		return -ENOMEM;
	}
	(void)snprintf(r->error, r->cap, "%s:%zu: not YAML: %s", r->path,
		(y->error == YAML_READER_ERROR ? y->mark.line : y->problem_mark.line) + 1,
		y->problem ? y->problem : "malformed");
	return -EINVAL;
}

/* Goes to the next event. */
static int next(struct reader *r)
{
	const yaml_char_t *anchor = NULL;

	yaml_event_delete(&r->event);
	if (!yaml_parser_parse(&r->yaml, &r->event)) {
		memset(&r->event, 0, sizeof(r->event));
		return fail_yaml(r);
	}
	if (r->event.type == YAML_ALIAS_EVENT)
		anchor = r->event.data.alias.anchor;
	else if (r->event.type == YAML_SCALAR_EVENT)
		anchor = r->event.data.scalar.anchor;
	else if (r->event.type == YAML_MAPPING_START_EVENT)
		anchor = r->event.data.mapping_start.anchor;
	return anchor ? fail(r, "anchors and aliases are not used here; write the value out") : 0;
}

/* The next event must begin a mapping. */
static int enter(struct reader *r, const char *what)
{
	int rc = next(r);

	if (rc == 0 && r->event.type != YAML_MAPPING_START_EVENT)
		rc = fail(r, "%s: must be a mapping (key: value)", what);
	return rc;
}

/* The next event must be a scalar of at most cap - 1 printable bytes. what: its name in errors. */
static int scalar(struct reader *r, const char *what, char *out, size_t cap)
{
	const char *text;
	size_t len;
	int rc = next(r);

	if (rc < 0)
		return rc;
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, "%s: must be a plain value", what);
	text = (const char *)r->event.data.scalar.value;
	len = r->event.data.scalar.length;
	if (len == 0)
		return fail(r, "%s: is empty", what);
	if (len >= cap)
		return fail(r, "%s: is longer than %zu bytes", what, cap - 1);
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x21 || text[i] > 0x7e)
			return fail(r, "%s: has a space or a character that does not belong there",
				what);
	}
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

/* The same for what may be given only once; `given`: it was already. */
static int scalar_once(struct reader *r, const char *what, bool given, char *out, size_t cap)
{
	return given ? fail(r, "%s: is given twice", what) : scalar(r, what, out, cap);
}

/* The next key of the mapping: 1, or 0 at its end. */
static int key(struct reader *r, const char *what, char *out, size_t cap)
{
	int rc = next(r);

	if (rc < 0)
		return rc;
	if (r->event.type == YAML_MAPPING_END_EVENT)
		return 0;
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail(r, "%s: a key must be a plain word", what);
	if (r->event.data.scalar.length >= cap)
		return fail(r, "%s: a key is longer than %zu bytes", what, cap - 1);
	if (memchr(r->event.data.scalar.value, '\0', r->event.data.scalar.length))
		return fail(r, "%s: a key has a NUL", what);
	memcpy(out, r->event.data.scalar.value, r->event.data.scalar.length + 1);
	return 1;
}

/* A host name, or an IP address (IPv6 with or without brackets) into out, without brackets. */
static bool host_parse(const char *text, char out[LIMIT_HOST + 1])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_";
	struct in6_addr address;
	size_t len = strlen(text);
	bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';

	if (bracketed) {
		text++;
		len -= 2;
	}
	if (len == 0 || len > LIMIT_HOST)
		return false;
	memmove(out, text, len);
	out[len] = '\0';
	if (bracketed || strchr(out, ':'))
		return inet_pton(AF_INET6, out, &address) == 1;
	return strspn(out, letters) == len && out[0] != '-' && out[0] != '.';
}

static int read_host(struct reader *r, const char *what, char out[LIMIT_HOST + 1])
{
	char text[LIMIT_HOST + 3];
	int rc = scalar_once(r, what, *out, text, sizeof(text));

	if (rc == 0 && !host_parse(text, out))
		rc = fail(r, "%s: \"%.64s\" is not a host name or an address", what, text);
	return rc;
}

static int read_port(struct reader *r, const char *what, uint16_t *out)
{
	char text[64];
	unsigned v = 0;
	int rc = scalar_once(r, what, *out, text, sizeof(text));

	if (rc < 0)
		return rc;
	for (const char *c = text; *c && v <= UINT16_MAX; c++)
		v = *c < '0' || *c > '9' ? UINT16_MAX + 1U : v * 10 + (unsigned)(*c - '0');
	if (v == 0 || v > UINT16_MAX)
		return fail(r, "%s: must be a number from 1 to 65535, not \"%s\"", what, text);
	*out = (uint16_t)v;
	return 0;
}

static int read_scheme(struct reader *r, const char *what, char out[6])
{
	char text[64];
	int rc = scalar_once(r, what, *out, text, sizeof(text));

	if (rc < 0)
		return rc;
	if (strcmp(text, "http") != 0 && strcmp(text, "https") != 0)
		return fail(r, "%s: must be http or https, not \"%s\"", what, text);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int read_inside(struct reader *r, const char *name, struct entry *e)
{
	char word[64], what[160];
	int rc;

	if (e->has_inside)
		return fail(r, "%s.internal: is given twice", name);
	e->has_inside = true;
	(void)snprintf(what, sizeof(what), "%s.internal", name);
	rc = enter(r, what);
	while (rc == 0 && (rc = key(r, what, word, sizeof(word))) == 1) {
		(void)snprintf(what, sizeof(what), "%s.internal.%s", name, word);
		if (strcmp(word, "host") == 0)
			rc = read_host(r, what, e->inside.host);
		else if (strcmp(word, "port") == 0)
			rc = read_port(r, what, &e->inside.port);
		else
			rc = fail(r, "%s: unknown key; known are host and port", what);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int read_entry(struct reader *r, const char *name, struct entry *e)
{
	char word[64], what[160];
	int rc = enter(r, name);

	while (rc == 0 && (rc = key(r, name, word, sizeof(word))) == 1) {
		(void)snprintf(what, sizeof(what), "%s.%s", name, word);
		if (strcmp(word, "host") == 0)
			rc = read_host(r, what, e->outside.host);
		else if (strcmp(word, "port") == 0)
			rc = read_port(r, what, &e->outside.port);
		else if (strcmp(word, "scheme") == 0)
			rc = read_scheme(r, what, e->scheme);
		else if (strcmp(word, "internal") == 0)
			rc = read_inside(r, name, e);
		else
			rc = fail(r, "%s: unknown key; known are host, port, internal and scheme",
				what);
		if (rc < 0)
			return rc;
	}
	if (rc == 0 && !*e->outside.host)
		rc = fail(r, "%s.host: is missing", name);
	if (rc == 0 && !e->outside.port)
		rc = fail(r, "%s.port: is missing", name);
	return rc;
}

static void make_uri(char out[LIMIT_HOST + 32], const char *scheme, const char *host, unsigned port)
{
	bool v6 = strchr(host, ':');

	(void)snprintf(out, LIMIT_HOST + 32, "%s://%s%s%s:%u", scheme, v6 ? "[" : "", host,
		v6 ? "]" : "", port);
}

static void fill(struct conf_node *node, const char *name, const char *host, const struct entry *e)
{
	const char *scheme = *e->scheme ? e->scheme : "http";

	memset(node, 0, sizeof(*node));
	(void)snprintf(node->name, sizeof(node->name), "%s", name);
	(void)snprintf(node->host, sizeof(node->host), "%s", *host ? host : e->outside.host);
	node->port = e->outside.port;
	make_uri(node->uri, scheme, node->host, node->port);
	make_uri(node->internal, scheme, *e->inside.host ? e->inside.host : e->outside.host,
		e->inside.port ? e->inside.port : e->outside.port);
}

static bool name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";

	return *name && name[strspn(name, letters)] == '\0';
}

static int read_nodes(struct reader *r, const char *host, struct conf_nodes *c)
{
	char name[sizeof(c->list->name)];
	int rc = enter(r, "nodes");

	while (rc == 0 && (rc = key(r, "nodes", name, sizeof(name))) == 1) {
		struct entry e = { 0 };
		struct conf_node *list;

		if (!name_ok(name))
			return fail(r, "a node's name is made of letters, digits, '-' and '_'");
		if (conf_node_find(c, name))
			return fail(r, "%s: is given twice", name);
		if (c->n == LIMIT_NODES)
			return fail(r, "more than %d nodes", LIMIT_NODES);
		rc = read_entry(r, name, &e);
		if (rc < 0)
			return rc;
		list = reallocarray(c->list, c->n + 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		c->list = list;
		fill(&list[c->n++], name, host, &e);
	}
	if (rc == 0 && c->n == 0)
		rc = fail(r, "nodes: lists nobody");
	return rc;
}

static int read_document(struct reader *r, const char *host, struct conf_nodes *c)
{
	char word[64];
	int rc;

	do {
		rc = next(r);
		if (rc == 0 && r->event.type == YAML_STREAM_END_EVENT)
			rc = fail(r, "is empty; it must begin with \"nodes:\"");
	} while (rc == 0 && r->event.type != YAML_DOCUMENT_START_EVENT);
	if (rc == 0)
		rc = enter(r, "the file");
	while (rc == 0 && (rc = key(r, "the file", word, sizeof(word))) == 1) {
		if (strcmp(word, "nodes") != 0)
			return fail(r, "unknown key \"%s\"; known is nodes", word);
		if (c->n)
			return fail(r, "nodes: is given twice");
		rc = read_nodes(r, host, c);
	}
	if (rc == 0 && c->n == 0)
		rc = fail(r, "nodes: is missing");
	while (rc == 0 && r->event.type != YAML_STREAM_END_EVENT) {
		rc = next(r);
		if (rc == 0 && r->event.type == YAML_DOCUMENT_START_EVENT)
			rc = fail(r, "a second document; one is enough");
	}
	return rc;
}

int conf_nodes_parse(const char *text, size_t len, const char *path, const char *public_host,
	struct conf_nodes *out, char *error, size_t cap)
{
	struct reader r = { .path = path, .error = error, .cap = cap };
	struct conf_nodes c = { 0 };
	char host[LIMIT_HOST + 1] = "";
	int rc;

	assert(cap > 0);
	error[0] = '\0';
	if (len > LIMIT_CONF_FILE) {
		(void)snprintf(error, cap, "%s: is larger than %u bytes", path, LIMIT_CONF_FILE);
		return -EFBIG;
	}
	if (public_host && *public_host && !host_parse(public_host, host)) {
		(void)snprintf(error, cap, "public host \"%.64s\" is not a host name or an address",
			public_host);
		return -EINVAL;
	}
	if (!yaml_parser_initialize(&r.yaml))
		return -ENOMEM;
	yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text, len);
	rc = read_document(&r, host, &c);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.yaml);
	if (rc < 0) {
		if (!*error)
			(void)snprintf(error, cap, "%s: %s", path, strerror(-rc));
		conf_nodes_release(&c);
		return rc;
	}
	*out = c;
	return 0;
}

/* The whole file, but no more than one byte past the limit. */
static int read_all(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	char chunk[16384];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (b->len <= LIMIT_CONF_FILE) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = -errno;
		if (n <= 0)
			break;
		buf_add(b, chunk, (size_t)n);
		rc = buf_error(b);
		if (rc < 0)
			break;
	}
	(void)close(fd); /* only read: nothing can be lost */
	return rc;
}

int conf_nodes_load(
	const char *path, const char *public_host, struct conf_nodes *out, char *error, size_t cap)
{
	struct buf b = BUF_INIT;
	int rc = read_all(path, &b);

	if (rc < 0)
		(void)snprintf(error, cap, "%s: cannot be read: %s", path, strerror(-rc));
	else
		rc = conf_nodes_parse(buf_str(&b), b.len, path, public_host, out, error, cap);
	buf_release(&b);
	return rc;
}

void conf_nodes_release(struct conf_nodes *c)
{
	free(c->list);
	*c = (struct conf_nodes){ 0 };
}

const struct conf_node *conf_node_find(const struct conf_nodes *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->list[i].name, name) == 0)
			return &c->list[i];
	}
	return NULL;
}
