/* links: common */
#include "common/conf.h"
#include "common/http.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct conf_nodes nodes = { 0 };
	char error[160] = "";

	if (conf_nodes_parse((const char *)data, len, "f", "h", &nodes, error, sizeof(error)) < 0) {
		/* every refusal says where and why */
		assert(nodes.list == NULL && strncmp(error, "f:", 2) == 0 && strlen(error) > 4);
		return 0;
	}
	assert(nodes.n > 0 && nodes.n <= LIMIT_NODES);
	for (size_t i = 0; i < nodes.n; i++) {
		assert(conf_node_find(&nodes, nodes.list[i].name) == &nodes.list[i]);
		assert(nodes.list[i].port > 0);
		assert(http_uri_ok(nodes.list[i].uri));
		assert(http_uri_ok(nodes.list[i].internal));
	}
	conf_nodes_release(&nodes);
	return 0;
}
