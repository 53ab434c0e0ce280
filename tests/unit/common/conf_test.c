#include "common/buf.h"
#include "common/conf.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf_nodes nodes;
static char error[256];

static int parse_for(const char *text, const char *public_host)
{
	conf_nodes_release(&nodes);
	memset(error, 'x', sizeof(error) - 1);
	return conf_nodes_parse(
		text, strlen(text), "nodes.yml", public_host, &nodes, error, sizeof(error));
}

static int parse(const char *text)
{
	return parse_for(text, NULL);
}

static int end(void **state)
{
	(void)state;
	conf_nodes_release(&nodes);
	return 0;
}

static void check(
	const char *name, const char *host, unsigned port, const char *uri, const char *internal)
{
	const struct conf_node *n = conf_node_find(&nodes, name);

	assert_non_null(n);
	assert_string_equal(n->host, host);
	assert_int_equal(n->port, port);
	assert_string_equal(n->uri, uri);
	assert_string_equal(n->internal, internal);
}

static const char sample[] =
	"# who is where\n"
	"nodes:\n"
	"  dist:  {host: 192.168.0.4, port: 8000}\n"
	"  node1: {host: 192.168.0.4, port: 8001, internal: {host: node1, port: 80}}\n"
	"  node_2:\n"
	"    scheme: https\n"
	"    port: \"443\"\n"
	"    host: '2001:db8::1'\n"
	"    internal:\n"
	"      host: \"[::1]\"\n"
	"  node-3: {host: c.example.org, port: 65535, internal: {port: 1}}\n";

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(parse(sample), 0);
	assert_int_equal(nodes.n, 4);
	assert_string_equal(nodes.list[0].name, "dist");
	assert_string_equal(nodes.list[3].name, "node-3");
	check("dist", "192.168.0.4", 8000, "http://192.168.0.4:8000", "http://192.168.0.4:8000");
	check("node1", "192.168.0.4", 8001, "http://192.168.0.4:8001", "http://node1:80");
	check("node_2", "2001:db8::1", 443, "https://[2001:db8::1]:443", "https://[::1]:443");
	check("node-3", "c.example.org", 65535, "http://c.example.org:65535",
		"http://c.example.org:1");
	assert_null(conf_node_find(&nodes, "node"));
	assert_int_equal(parse("{\"nodes\": {\"a\": {\"host\": \"b\", \"port\": 1}}}"), 0);
}

static void test_public_host(void **state)
{
	(void)state;
	assert_int_equal(parse_for(sample, "cdn.example"), 0);
	check("dist", "cdn.example", 8000, "http://cdn.example:8000", "http://192.168.0.4:8000");
	check("node1", "cdn.example", 8001, "http://cdn.example:8001", "http://node1:80");
	assert_int_equal(parse_for(sample, "::1"), 0);
	check("dist", "::1", 8000, "http://[::1]:8000", "http://192.168.0.4:8000");
	assert_int_equal(parse_for(sample, ""), 0);
	check("dist", "192.168.0.4", 8000, "http://192.168.0.4:8000", "http://192.168.0.4:8000");
	assert_int_equal(parse_for(sample, "http://cdn"), -EINVAL);
	assert_string_equal(error, "public host \"http://cdn\" is not a host name or an address");
}

#define N "nodes:\n  a: {host: h, port: 1}\n"

static const struct {
	const char *text, *error;
} refused[] = {
	{ "", "nodes.yml:1: is empty; it must begin with \"nodes:\"" },
	{ "# nothing\n", "nodes.yml:2: is empty; it must begin with \"nodes:\"" },
	{ "3", "nodes.yml:1: the file: must be a mapping (key: value)" },
	{ "- a\n", "nodes.yml:1: the file: must be a mapping (key: value)" },
	{ "{}", "nodes.yml:1: nodes: is missing" },
	{ "node: {}\n", "nodes.yml:1: unknown key \"node\"; known is nodes" },
	{ "nodes: {}\n", "nodes.yml:1: nodes: lists nobody" },
	{ "nodes: 3\n", "nodes.yml:1: nodes: must be a mapping (key: value)" },
	{ "nodes:\n", "nodes.yml:1: nodes: must be a mapping (key: value)" },
	{ "nodes:\n  - a\n", "nodes.yml:2: nodes: must be a mapping (key: value)" },
	{ "nodes:\n  a: b\n", "nodes.yml:2: a: must be a mapping (key: value)" },
	{ "nodes:\n  a: [b]\n", "nodes.yml:2: a: must be a mapping (key: value)" },
	{ "nodes:\n  [a]: b\n", "nodes.yml:2: nodes: a key must be a plain word" },
	{ "nodes:\n  a b: {}\n",
		"nodes.yml:2: a node's name is made of letters, digits, '-' and '_'" },
	{ "nodes:\n  \"\": {}\n",
		"nodes.yml:2: a node's name is made of letters, digits, '-' and '_'" },
	{ "nodes:\n  \"a\\0b\": {}\n", "nodes.yml:2: nodes: a key has a NUL" },
	{ N "  a: {host: i, port: 2}\n", "nodes.yml:3: a: is given twice" },
	{ N "nodes: {}\n", "nodes.yml:3: nodes: is given twice" },
	{ N "---\nnodes: {}\n", "nodes.yml:3: a second document; one is enough" },
	{ "nodes:\n  a: {port: 1}\n", "nodes.yml:2: a.host: is missing" },
	{ "nodes:\n  a: {host: h}\n", "nodes.yml:2: a.port: is missing" },
	{ "nodes:\n  a: {host: h, host: h}\n", "nodes.yml:2: a.host: is given twice" },
	{ "nodes:\n  a: {port: 1, port: 1}\n", "nodes.yml:2: a.port: is given twice" },
	{ "nodes:\n  a: {prot: 1}\n", "nodes.yml:2: a.prot: unknown key; known are host, "
				      "port, internal and scheme" },
	{ "nodes:\n  a:\n    host: h\n    port: 0\n",
		"nodes.yml:4: a.port: must be a number from 1 to 65535, not \"0\"" },
	{ "nodes:\n  a: {port: 65536}\n",
		"nodes.yml:2: a.port: must be a number from 1 to 65535, not \"65536\"" },
	{ "nodes:\n  a: {port: -1}\n",
		"nodes.yml:2: a.port: must be a number from 1 to 65535, not \"-1\"" },
	{ "nodes:\n  a: {port: http}\n",
		"nodes.yml:2: a.port: must be a number from 1 to 65535, not \"http\"" },
	{ "nodes:\n  a: {port: 99999999999999999999}\n",
		"nodes.yml:2: a.port: must be a number from 1 to 65535, not "
		"\"99999999999999999999\"" },
	{ "nodes:\n  a: {port: }\n", "nodes.yml:2: a.port: is empty" },
	{ "nodes:\n  a: {port: [1]}\n", "nodes.yml:2: a.port: must be a plain value" },
	{ "nodes:\n  a: {host: {}}\n", "nodes.yml:2: a.host: must be a plain value" },
	{ "nodes:\n  a: {host: \"a b\"}\n", "nodes.yml:2: a.host: has a space or a "
					    "character that does not belong there" },
	{ "nodes:\n  a: {host: \"a\\0b\"}\n", "nodes.yml:2: a.host: has a space or a "
					      "character that does not belong there" },
	{ "nodes:\n  a: {host: \"a/b\"}\n",
		"nodes.yml:2: a.host: \"a/b\" is not a host name or an address" },
	{ "nodes:\n  a: {host: \"1:2\"}\n",
		"nodes.yml:2: a.host: \"1:2\" is not a host name or an address" },
	{ "nodes:\n  a: {host: \"[1.2.3.4]\"}\n",
		"nodes.yml:2: a.host: \"[1.2.3.4]\" is not a host name or an address" },
	{ "nodes:\n  a: {scheme: ftp}\n",
		"nodes.yml:2: a.scheme: must be http or https, not \"ftp\"" },
	{ "nodes:\n  a: {internal: x}\n",
		"nodes.yml:2: a.internal: must be a mapping (key: value)" },
	{ "nodes:\n  a: {internal: {host: h}, internal: {}}\n",
		"nodes.yml:2: a.internal: is given twice" },
	{ "nodes:\n  a: {internal: {hots: h}}\n",
		"nodes.yml:2: a.internal.hots: unknown key; known are host and port" },
	{ "nodes:\n  a: &x {host: h, port: 1}\n",
		"nodes.yml:2: anchors and aliases are not used here; write the value out" },
	{ N "  b: *x\n",
		"nodes.yml:3: anchors and aliases are not used here; write the value out" },
	{ "nodes:\n  a: {host: h\n", "nodes.yml:3: not YAML: did not find expected ',' or '}'" },
	{ "nodes:\n\ta: 1\n",
		"nodes.yml:2: not YAML: found character that cannot start any token" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(parse(refused[i].text), -EINVAL);
		assert_string_equal(error, refused[i].error);
		assert_null(nodes.list);
	}
	assert_int_equal(parse("\xff\xff"), -EINVAL);
	assert_int_equal(parse("nodes: \x01"), -EINVAL);
	assert_memory_equal(error, "nodes.yml:1: not YAML: ", 22);
}

static void test_long_names(void **state)
{
	char name[300], text[1024];

	(void)state;
	memset(name, 'a', sizeof(name));
	(void)snprintf(text, sizeof(text), "nodes: {%.63s: {host: %.255s, port: 1}}", name, name);
	assert_int_equal(parse(text), 0);
	assert_int_equal(strlen(nodes.list[0].uri), 7 + 255 + 2);
	(void)snprintf(text, sizeof(text), "nodes: {%.64s: {host: h, port: 1}}", name);
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(error, "nodes.yml:1: nodes: a key is longer than 63 bytes");
	(void)snprintf(text, sizeof(text), "nodes: {a: {host: %.256s, port: 1}}", name);
	assert_int_equal(parse(text), -EINVAL);
	/* a small buffer for the sentence cuts it */
	assert_int_equal(conf_nodes_parse("3", 1, "nodes.yml", NULL, &nodes, error, 8), -EINVAL);
	assert_string_equal(error, "nodes.y");
}

static void test_limits(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_adds(&b, "nodes:\n");
	for (int i = 0; i < LIMIT_NODES; i++)
		buf_addf(&b, "  n%d: {host: h, port: 1}\n", i);
	assert_int_equal(parse(buf_str(&b)), 0);
	assert_int_equal(nodes.n, LIMIT_NODES);
	buf_adds(&b, "  more: {host: h, port: 1}\n");
	assert_int_equal(parse(buf_str(&b)), -EINVAL);
	assert_string_equal(error, "nodes.yml:258: more than 256 nodes");
	buf_clear(&b);
	buf_adds(&b, "nodes: {a: {host: h, port: 1}} #");
	while (b.len < LIMIT_CONF_FILE)
		buf_adds(&b, "#");
	assert_int_equal(parse(buf_str(&b)), 0);
	buf_adds(&b, "#");
	assert_int_equal(parse(buf_str(&b)), -EFBIG);
	assert_string_equal(error, "nodes.yml: is larger than 1048576 bytes");
	/* deep, and answered at once */
	buf_clear(&b);
	while (b.len < LIMIT_CONF_FILE)
		buf_adds(&b, "[");
	assert_int_equal(parse(buf_str(&b)), -EINVAL);
	buf_clear(&b);
	while (b.len < LIMIT_CONF_FILE - 6)
		buf_adds(&b, "{a: ");
	assert_int_equal(parse(buf_str(&b)), -EINVAL);
	buf_release(&b);
}

static void test_load(void **state)
{
	char path[] = "/tmp/conf_test.XXXXXX", want[128];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, sample, strlen(sample)), (ssize_t)strlen(sample));
	assert_int_equal(conf_nodes_load(path, NULL, &nodes, error, sizeof(error)), 0);
	assert_int_equal(nodes.n, 4);
	conf_nodes_release(&nodes);
	assert_int_equal(ftruncate(fd, LIMIT_CONF_FILE + 1), 0);
	assert_int_equal(conf_nodes_load(path, NULL, &nodes, error, sizeof(error)), -EFBIG);
	close(fd);
	unlink(path);
	assert_int_equal(conf_nodes_load(path, NULL, &nodes, error, sizeof(error)), -ENOENT);
	(void)snprintf(want, sizeof(want), "%s: cannot be read: No such file or directory", path);
	assert_string_equal(error, want);
	assert_int_equal(conf_nodes_load("/", NULL, &nodes, error, sizeof(error)), -EISDIR);
}

#define T(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_good),
		T(test_public_host),
		T(test_refused),
		T(test_long_names),
		T(test_limits),
		T(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
