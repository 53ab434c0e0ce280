/* links: dist/filing dist/nodes dist/path dist/placement dist/promises */
/* Any body of POST or PUT content is refused with a sentence, or what it registers is within its limits. */
#include "dist/filing.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nodes *open_nodes(void)
{
	static const char yaml[] = "nodes:\n  n: {host: h, port: 80}\n";
	struct conf_nodes conf;
	struct nodes *nodes;
	char error[200];

	if (conf_nodes_parse(yaml, strlen(yaml), "fuzz", NULL, &conf, error, sizeof(error)) < 0 ||
		nodes_open(&conf, &nodes) < 0)
		abort();
	return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nodes *nodes;
	struct filing f;
	char error[256] = "";

	if (!nodes)
		nodes = open_nodes();
	if (filing_parse((const char *)data, size, nodes, &f, error, sizeof(error)) < 0) {
		if (!error[0])
			abort();
		return 0;
	}
	if (f.record.name && (!f.record.name_len || f.record.name_len > LIMIT_NAME ||
				     memchr(f.record.name, '/', f.record.name_len)))
		abort();
	if (f.record.path && strlen(f.path) != f.record.path_len)
		abort();
	if (f.record.stamp && !f.record.node)
		abort();
	filing_release(&f);
	return 0;
}
