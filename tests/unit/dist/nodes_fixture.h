/* nodes_fixture - the nodes of a nodes.yml, as a test's state. */
#ifndef TESTS_UNIT_DIST_NODES_FIXTURE_H
#define TESTS_UNIT_DIST_NODES_FIXTURE_H

#include "dist/nodes.h"
#include <string.h>

/* For a set-up: 0, or -1 when the text is not good. */
static inline int nodes_setup(const char *yaml, void **state)
{
	struct conf_nodes conf;
	struct nodes *n;
	char error[200];

	if (conf_nodes_parse(yaml, strlen(yaml), "test", NULL, &conf, error, sizeof(error)) < 0 ||
		nodes_open(&conf, &n) < 0)
		return -1;
	*state = n;
	return 0;
}

static inline int nodes_teardown(void **state)
{
	struct nodes *n = *state;

	nodes_close(&n);
	return n != NULL;
}

#endif
