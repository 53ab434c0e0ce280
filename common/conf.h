/* conf - nodes.yml: who is where. The shape of dist's `GET nodes/`:
 *
 *   nodes:
 *     dist:  {host: 192.168.0.4, port: 8000}
 *     node1: {host: 192.168.0.4, port: 8001, internal: {host: node1, port: 80}}
 *
 * host and port are what clients use; internal (optional, defaults to them) is what dist and the
 * nodes use among themselves. scheme (optional): http or https. IPv6 addresses get their
 * brackets in the URIs. */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include "common/limits.h"
#include <stddef.h>
#include <stdint.h>

struct conf_node {
	char name[64]; /* letters, digits, '-', '_' */
	char host[LIMIT_HOST + 1];
	uint16_t port;
	char uri[LIMIT_HOST + 32];	/* public base, "http://host:port" */
	char internal[LIMIT_HOST + 32]; /* internal base */
};

struct conf_nodes {
	struct conf_node *list; /* in the file's order, dist included */
	size_t n;
};

/* 0, or -errno with "file:line: what is wrong" in error. public_host (NULL or "": none) replaces
 * every public host. */
int conf_nodes_load(
	const char *path, const char *public_host, struct conf_nodes *out, char *error, size_t cap);
/* The same from memory; `path` only names the source. */
int conf_nodes_parse(const char *text, size_t len, const char *path, const char *public_host,
	struct conf_nodes *out, char *error, size_t cap);
void conf_nodes_release(struct conf_nodes *c);
const struct conf_node *conf_node_find(
	const struct conf_nodes *c, const char *name); /* NULL when absent */

#endif
