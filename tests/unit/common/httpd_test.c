/* What is asked and what is answered, over real sockets. */
#include "common/httpd.h"
#include "common/log.h"
#include "tests/unit/common/httpd_client.h"
#include <errno.h>
#include <fcntl.h>

#define TOKEN "the-token"

static void h_ok(struct httpd_req *req)
{
	assert_string_equal(log_request_get(), httpd_request_id(req));
	httpd_reply(req, 200, "text/plain", "hello", 5);
}

static void h_id(struct httpd_req *req)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "id=%llu", (unsigned long long)httpd_id(req));

	httpd_reply(req, 200, "text/plain", text, (size_t)n);
}

static void h_rest(struct httpd_req *req)
{
	size_t len;
	const char *rest = httpd_rest(req, &len);

	httpd_reply(req, 200, "text/plain", rest, len);
}

static void h_query(struct httpd_req *req)
{
	const char *q = httpd_query(req, "q");
	uint64_t n = 0;
	struct buf b = BUF_INIT;
	int rc = httpd_query_u64(req, "n", 100, &n);

	if (rc < 0)
		return;
	buf_addf(&b, "q=%s rc=%d n=%llu", q ? q : "(none)", rc, (unsigned long long)n);
	httpd_reply_buf(req, 200, "text/plain", &b);
}

static void h_echo(struct httpd_req *req)
{
	size_t len;
	const char *body = httpd_body(req, &len);

	httpd_reply(req, 200, "application/octet-stream", body, len);
}

static void h_json(struct httpd_req *req)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "status", "OK");
	httpd_set_header(req, "X-One", "1");
	httpd_set_header(req, "X-Bad", "a\r\nX-Split: 1");
	httpd_reply_json(req, 201, o);
}

static void h_error(struct httpd_req *req)
{
	httpd_reply_error(req, 507, "no \"room\" \\ for \x01 %s", "\xff\xc3\xa4");
}

static void h_silent(struct httpd_req *req)
{
	(void)req;
}

static void h_not_modified(struct httpd_req *req)
{
	httpd_set_header(req, "ETag", "\"x\"");
	httpd_reply(req, 304, NULL, NULL, 0);
}

static void h_file(struct httpd_req *req)
{
	uint64_t off = 0, len = 0;
	char name[] = "/tmp/httpd-test-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	(void)httpd_query_u64(req, "off", 10, &off);
	(void)httpd_query_u64(req, "len", 10, &len);
	httpd_reply_file(req, httpd_query(req, "same") ? 304 : len == 10 ? 200 : 206, fd, off, len);
}

static const struct httpd_route routes[] = {
	{ "GET", "/ok/", 0, 0, NULL, NULL, h_ok, NULL },
	{ "GET", "/health", HTTPD_PUBLIC, 0, NULL, NULL, h_ok, NULL },
	{ "GET", "/content/{id}", 0, 0, NULL, NULL, h_id, NULL },
	{ "POST", "/content/{id}", HTTPD_CHANGE, 100, NULL, NULL, h_echo, NULL },
	{ "GET", "/content/{id}/more", 0, 0, NULL, NULL, h_id, NULL },
	{ "GET", "/files/{*}", 0, 0, NULL, NULL, h_rest, NULL },
	{ "GET", "/query", 0, 0, NULL, NULL, h_query, NULL },
	{ "GET", "/json", 0, 0, NULL, NULL, h_json, NULL },
	{ "GET", "/error", 0, 0, NULL, NULL, h_error, NULL },
	{ "GET", "/silent", 0, 0, NULL, NULL, h_silent, NULL },
	{ "GET", "/same", 0, 0, NULL, NULL, h_not_modified, NULL },
	{ "POST", "/echo", 0, 100000, NULL, NULL, h_echo, NULL },
	{ "POST", "/none", 0, 0, NULL, NULL, h_echo, NULL },
	{ "GET", "/worker", HTTPD_WORKER, 0, NULL, NULL, h_ok, NULL },
	{ "GET", "/file", 0, 0, NULL, NULL, h_file, NULL },
};

static struct httpd_conf conf_of(void)
{
	return conf_with(routes, ARRAY_LEN(routes));
}

static int setup(void **state)
{
	struct httpd_conf conf = conf_of();

	*state = server(&conf);
	return 0;
}

static int teardown(void **state)
{
	struct httpd *d = *state;

	httpd_close(&d, 2000);
	return 0;
}

static void test_routes(void **state)
{
	static const struct {
		const char *target;
		int status;
		const char *body; /* NULL: not looked at */
	} rows[] = {
		{ "/ok", 200, "hello" },
		{ "/ok/", 200, "hello" },
		{ "/ok//", 404, NULL },
		{ "/okay", 404, NULL },
		{ "/", 404, NULL },
		{ "/health/", 200, "hello" },
		{ "http://host:80/ok", 200, "hello" },
		{ "/content/1", 200, "id=1" },
		{ "/content/9007199254740991/", 200, "id=9007199254740991" },
		{ "/content/9007199254740992", 400, NULL },
		{ "/content/99999999999999999999999999", 400, NULL },
		{ "/content/0", 400, NULL },
		{ "/content/-1", 400, NULL },
		{ "/content/abc", 400, NULL },
		{ "/content/", 404, NULL },
		{ "/content/7/more", 200, "id=7" },
		{ "/content/x/more", 400, NULL },
		{ "/content/7/less", 404, NULL },
		{ "/files", 200, "" },
		{ "/files/", 200, "" },
		{ "/files/a%20b/c+d", 200, "a b/c+d" },
		{ "/files/%2e%2e/%ff", 200, "../\xff" },
		{ "/files/a%00b", 400, NULL },
		{ "/files/a%zz", 400, NULL },
		{ "/files/a%4", 400, NULL },
		{ "/files/%", 400, NULL },
		{ "/query?q=a+b%2B&n=7", 200, "q=a b+ rc=1 n=7" },
		{ "/query", 200, "q=(none) rc=0 n=0" },
		{ "/query?q", 200, "q= rc=0 n=0" },
		{ "/query?n=101", 400, NULL },
		{ "/query?n=", 400, NULL },
		{ "/query?n=-1", 400, NULL },
		{ "/query?n=99999999999999999999999", 400, NULL },
		{ "/query?q=%00", 400, NULL },
		{ "/query?q=%4", 400, NULL },
		{ "/query?other%zz=1", 400, NULL },
		{ "/silent", 500, NULL },
		{ "/worker", 200, "hello" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct answer a = get(*state, rows[i].target);

		if (a.status != rows[i].status)
			fail_msg("%s: %d, not %d", rows[i].target, a.status, rows[i].status);
		if (rows[i].body && strcmp(a.body, rows[i].body) != 0)
			fail_msg("%s: '%s'", rows[i].target, a.body);
		if (a.status >= 400)
			assert_memory_equal(a.body, "{\"message\":\"", 12);
	}
}

static void test_method_not_allowed(void **state)
{
	struct answer a =
		ask(*state, "DELETE /content/5 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");

	assert_int_equal(a.status, 405);
	assert_true(has(&a, "\r\nAllow: GET, HEAD, POST\r\n"));
}

static void test_head_and_bodies(void **state)
{
	struct answer a = ask(*state, "HEAD /ok HTTP/1.1\r\nHost: x\r\n\r\n");

	assert_int_equal(a.status, 200);
	assert_int_equal(a.len, 5);
	a = get(*state, "/json");
	assert_int_equal(a.status, 201);
	assert_string_equal(a.body, "{\"status\":\"OK\"}");
	assert_true(has(&a, "\r\nContent-Type: application/json\r\n"));
	assert_true(has(&a, "\r\nX-One: 1\r\n"));
	assert_false(has(&a, "X-Split"));
	a = get(*state, "/error");
	assert_int_equal(a.status, 507);
	assert_string_equal(
		a.body, "{\"message\":\"no \\\"room\\\" \\\\ for   \xef\xbf\xbd\xc3\xa4\"}");
	a = get(*state, "/same");
	assert_int_equal(a.status, 304);
	assert_true(has(&a, "ETag: \"x\""));
}

static void test_request_id(void **state)
{
	struct answer a = ask(*state, "GET /ok HTTP/1.1\r\nHost: x\r\nX-Request-Id: ab_-9\r\n\r\n");
	struct answer b;

	assert_true(has(&a, "\r\nX-Request-Id: ab_-9\r\n"));
	a = ask(*state, "GET /ok HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b\"\r\n\r\n");
	assert_false(has(&a, "a b"));
	assert_true(has(&a, "\r\nX-Request-Id: "));
	a = ask(*state, "GET /ok HTTP/1.1\r\nHost: x\r\n"
			"X-Request-Id: 012345678901234567890123456789012\r\n\r\n");
	assert_false(has(&a, "0123456789012345678"));
	b = ask(*state, "GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: q\r\n\r\n");
	assert_true(has(&b, "\r\nX-Request-Id: q\r\n"));
}

static void test_file(void **state)
{
	struct answer a = get(*state, "/file?off=0&len=10");

	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "0123456789");
	a = get(*state, "/file?off=3&len=4");
	assert_int_equal(a.status, 206);
	assert_string_equal(a.body, "3456");
	a = get(*state, "/file?off=9&len=0");
	assert_int_equal(a.len, 0);
	a = ask(*state, "HEAD /file?off=0&len=10&same HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(a.status, 304);
	assert_int_equal(a.len, 10);
	a = ask(*state, "HEAD /file?off=0&len=10 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(a.len, 10);
}

static void test_token(void **state)
{
	static const struct {
		const char *request, *authorization;
		int reads_free, reads_guarded;
	} rows[] = {
		{ "GET /health", "", 200, 200 },
		{ "GET /ok", "", 200, 401 },
		{ "GET /ok", "Authorization: Bearer wrong\r\n", 200, 403 },
		{ "GET /ok", "Authorization: bearer " TOKEN "\r\n", 200, 200 },
		{ "POST /content/1", "", 401, 401 },
		{ "POST /content/1", "Authorization: Basic " TOKEN "\r\n", 401, 401 },
		{ "POST /content/1", "Authorization: Bearer \r\n", 401, 401 },
		{ "POST /content/1", "Authorization: Bearer the-toke\r\n", 403, 403 },
		{ "POST /content/1", "Authorization: Bearer the-tokens\r\n", 403, 403 },
		{ "POST /content/1", "Authorization: Bearer the-tokenthe-token\r\n", 403, 403 },
		{ "POST /content/1", "Authorization: Bearer " TOKEN "\r\n", 200, 200 },
		{ "POST /content/x", "", 400, 400 },
	};

	(void)state;
	for (int guarded = 0; guarded < 2; guarded++) {
		struct httpd_conf conf = conf_of();
		struct httpd *d;

		conf.token = TOKEN;
		conf.token_for_reads = guarded;
		d = server(&conf);
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			int want = guarded ? rows[i].reads_guarded : rows[i].reads_free;
			char text[512];
			struct answer a;

			(void)snprintf(text, sizeof(text),
				"%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n%s\r\n",
				rows[i].request, rows[i].authorization);
			a = ask(d, text);
			if (a.status != want)
				fail_msg("row %zu, %d: %d", i, guarded, a.status);
			if (want == 401)
				assert_true(has(&a, "\r\nWWW-Authenticate: Bearer\r\n"));
		}
		httpd_close(&d, 1000);
	}
}

static void test_open_errors(void **state)
{
	static const struct {
		const char *listen, *cert, *key, *says;
	} rows[] = {
		{ "nonsense", NULL, NULL, "HOST:PORT" },
		{ "127.0.0.1:", NULL, NULL, "HOST:PORT" },
		{ "127.0.0.1:99999", NULL, NULL, "HOST:PORT" },
		{ "127.0.0.1:8x", NULL, NULL, "HOST:PORT" },
		{ "::1:80", NULL, NULL, "HOST:PORT" },
		{ "192.0.2.1:0", NULL, NULL, "0.0.0.0" },
		{ "127.0.0.1:0", "/nowhere.pem", "/nowhere.key", "cannot read /nowhere.pem" },
		{ "127.0.0.1:0", "/etc/passwd", "/etc/passwd", "not a PEM file" },
		{ "127.0.0.1:0", "/nowhere.pem", NULL, "both" },
	};
	struct httpd_conf conf = conf_of();
	struct httpd *d = NULL;
	char error[256], taken[32];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		conf.listen = rows[i].listen;
		conf.tls_cert = rows[i].cert;
		conf.tls_key = rows[i].key;
		assert_true(httpd_open(&conf, &d, error, sizeof(error)) < 0);
		if (!strstr(error, rows[i].says))
			fail_msg("%s: %s", rows[i].listen, error);
	}
	conf = conf_of();
	(void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", httpd_port(*state));
	conf.listen = taken;
	assert_int_equal(httpd_open(&conf, &d, error, sizeof(error)), -EADDRINUSE);
	assert_non_null(strstr(error, taken));
	assert_non_null(strstr(error, "--listen"));
	assert_null(d);
}

static void test_ipv6(void **state)
{
	struct httpd_conf conf = conf_of();
	struct httpd *d = NULL;
	char error[256];
	int probe = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct answer got;

	(void)state;
	if (probe < 0 || bind(probe, (struct sockaddr *)&a, sizeof(a)) < 0)
		skip(); /* no IPv6 here */
	close(probe);
	conf.listen = "[::1]:0";
	assert_int_equal(httpd_open(&conf, &d, error, sizeof(error)), 0);
	a.sin6_port = htons((uint16_t)httpd_port(d));
	probe = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(connect(probe, (struct sockaddr *)&a, sizeof(a)), 0);
	says(probe, "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(hear(probe, &got, false));
	assert_int_equal(got.status, 200);
	close(probe);
	httpd_close(&d, 1000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_routes),
		T(test_method_not_allowed),
		T(test_head_and_bodies),
		T(test_request_id),
		T(test_file),
		T(test_token),
		T(test_open_errors),
		T(test_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
