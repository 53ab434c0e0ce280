#include "common/httpc.h"
#include "fake_dist.h"
#include "node/dist.h"
#include "node/node.h"
#include "node/resolve.h"
#include "node/routes.h"
#include "node/store.h"
#include "temp_dir.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MAX 100000

struct fixture {
	struct temp_dir dir;
	struct fake_dist fake;
	struct node node;
	struct httpd *server;
	struct httpc *http;
	struct httpc_res res;
	char base[64];
};

static int setup(void **state)
{
	static struct fixture f;
	const struct store_conf store = { .path = f.dir.path, .max = MAX, .trash_ttl = 3600 };
	struct dist_conf dist = { .name = "node1", .timeout_ms = 300 };
	const struct httpc_conf client = { .token = NULL };
	struct httpd_conf conf = { .listen = "127.0.0.1:0",
		.routes = node_routes,
		.nroutes = node_nroutes,
		.event_threads = 1,
		.workers = 4,
		.connection_memory = 65536 };
	char error[256];

	memset(&f, 0, sizeof(f));
	temp_dir_make(&f.dir);
	fake_open(&f.fake);
	dist.base = f.fake.base;
	f.node = (struct node){ .scheme = "http", .dist_timeout_ms = 300 };
	conf.server = &f.node;
	if (store_open(&store, &f.node.store, error, sizeof(error)) < 0 ||
		dist_open(&dist, &f.node.dist) < 0 ||
		resolve_open(f.node.store, f.node.dist, 0, &f.node.resolve) < 0 ||
		httpd_open(&conf, &f.server, error, sizeof(error)) < 0 ||
		httpc_open(&client, &f.http) < 0)
		fail_msg("%s", error);
	snprintf(f.base, sizeof(f.base), "http://127.0.0.1:%u", httpd_port(f.server));
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	httpc_res_release(&f->res);
	httpc_close(&f->http);
	httpd_close(&f->server, 1000);
	dist_stop(f->node.dist);
	resolve_close(&f->node.resolve);
	dist_close(&f->node.dist);
	store_close(&f->node.store);
	fake_close(&f->fake);
	temp_dir_remove(&f->dir);
	return 0;
}

/* One exchange; header may be NULL. Returns the status; the answer is in f->res. */
static unsigned ask(struct fixture *f, const char *method, const char *path, const char *header,
	const void *body, size_t len)
{
	const char *headers[] = { header, NULL };
	char url[8192];
	const struct httpc_req req = {
		.method = method, .url = url, .headers = headers, .body = body, .body_len = len
	};

	snprintf(url, sizeof(url), "%s%s", f->base, path);
	assert_int_equal(httpc_do(f->http, &req, &f->res), 0);
	return f->res.status;
}

static unsigned get(struct fixture *f, const char *path, const char *header)
{
	return ask(f, "GET", path, header, NULL, 0);
}

static unsigned put(struct fixture *f, const char *method, const char *path, const char *bytes)
{
	return ask(f, method, path, "Content-Type: text/plain", bytes, strlen(bytes));
}

static void assert_body(struct fixture *f, const char *want)
{
	assert_string_equal(buf_str(&f->res.body), want);
}

static void assert_header(struct fixture *f, const char *name, const char *want)
{
	char value[512] = "";

	assert_true(httpc_header(&f->res, name, value, sizeof(value)) || !*want);
	assert_string_equal(value, want);
}

/* The disposition begins so; what follows is http_disposition's. */
static void assert_named(struct fixture *f, const char *want)
{
	char value[512] = "";

	assert_true(httpc_header(&f->res, "Content-Disposition", value, sizeof(value)));
	assert_memory_equal(value, want, strlen(want));
}

static double member(struct fixture *f, const char *key)
{
	cJSON *o = NULL;
	double n;

	assert_int_equal(json_parse(buf_str(&f->res.body), f->res.body.len, &o), 0);
	n = cJSON_GetNumberValue(cJSON_GetObjectItem(o, key));
	cJSON_Delete(o);
	return n;
}

static double stat_of(struct fixture *f, const char *key)
{
	assert_int_equal(get(f, "/stats/", NULL), 200);
	return member(f, key);
}

#define HELLO_ETAG "\"b5e9c1ad071b3e7fc779cfaa5e523818\""
#define FORM_TYPE "Content-Type: multipart/form-data; boundary=BB"
#define FORM(fields, name, bytes)                                                                  \
	fields "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" name           \
	       "\"\r\nContent-Type: image/png\r\n\r\n" bytes "\r\n--BB--\r\n"

static void raw_upload_and_retrieve(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		put(f, "POST", "/store?filename=dir/a%20b.txt&mtime=1700000000.5", "hello"), 400);
	assert_int_equal(
		put(f, "POST", "/store?filename=dir/a%20b.txt&mtime=1700000000.500000000", "hello"),
		200);
	assert_int_equal(member(f, "id"), 1);
	assert_non_null(strstr(buf_str(&f->res.body), "Content successfully uploaded. ID: 1"));
	assert_int_equal(get(f, "/retrieve/1/", NULL), 200);
	assert_body(f, "hello");
	assert_header(f, "ETag", HELLO_ETAG);
	assert_header(f, "Content-Type", "text/plain");
	assert_header(f, "Content-Length", "5");
	assert_header(f, "Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT");
	assert_header(f, "Accept-Ranges", "bytes");
	assert_named(f, "attachment; filename=\"a b.txt\"");
	assert_int_equal(ask(f, "HEAD", "/retrieve/1", NULL, NULL, 0), 200);
	assert_header(f, "Content-Length", "5");
	assert_body(f, "");
	assert_string_equal(fake_record(&f->fake, 1, 0).uri, f->base);
}

static void form_upload_and_update(void **state)
{
	struct fixture *f = *state;
	const char *one = FORM("", "p.png", "hello"),
		   *two = FORM("--BB\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n1\r\n",
			   "q.png", "hello again");

	assert_int_equal(ask(f, "POST", "/store/", FORM_TYPE, one, strlen(one)), 200);
	assert_int_equal(get(f, "/retrieve/1", NULL), 200);
	assert_body(f, "hello");
	assert_header(f, "Content-Type", "image/png");
	assert_int_equal(ask(f, "PUT", "/update/", FORM_TYPE, two, strlen(two)), 200);
	assert_non_null(strstr(buf_str(&f->res.body), "Content successfully updated. ID: 1"));
	assert_int_equal(get(f, "/retrieve/1", NULL), 200);
	assert_body(f, "hello again");
	assert_int_equal(stat_of(f, "storage"), 11);
	assert_int_equal(stat_of(f, "trash"), 5);
	assert_int_equal(stat_of(f, "reserved"), 0);
}

static void conditions_and_ranges(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(f, "POST", "/store", "hello"), 200);
	assert_int_equal(get(f, "/retrieve/1", "If-None-Match: " HELLO_ETAG), 304);
	assert_header(f, "ETag", HELLO_ETAG);
	assert_int_equal(get(f, "/retrieve/1", "If-Match: \"other\""), 412);
	assert_int_equal(get(f, "/retrieve/1", "Range: bytes=1-3"), 206);
	assert_body(f, "ell");
	assert_header(f, "Content-Range", "bytes 1-3/5");
	assert_int_equal(get(f, "/retrieve/1", "Range: bytes=-2"), 206);
	assert_body(f, "lo");
	assert_int_equal(get(f, "/retrieve/1", "Range: bytes=3-"), 206);
	assert_body(f, "lo");
	assert_int_equal(get(f, "/retrieve/1", "Range: bytes=5-"), 416);
	assert_header(f, "Content-Range", "bytes */5");
}

static void version_by_stamp(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(f, "POST", "/store?stamp=0000000000000010", "old"), 200);
	assert_int_equal(put(f, "PUT", "/update/1?stamp=0000000000000020", "newer"), 200);
	assert_int_equal(get(f, "/retrieve/1?stamp=0000000000000010", NULL), 200);
	assert_body(f, "old");
	assert_int_equal(get(f, "/retrieve/1?stamp=0000000000000020", NULL), 200);
	assert_body(f, "newer");
	assert_int_equal(get(f, "/retrieve/1?stamp=0000000000000030", NULL), 404);
	assert_int_equal(get(f, "/retrieve/1?stamp=xyz", NULL), 400);
}

static void empty_content(void **state)
{
	struct fixture *f = *state;
	struct fake_record none = { .id = 7, .filename = "void" };

	assert_int_equal(put(f, "POST", "/store?filename=e", ""), 200);
	assert_int_equal(get(f, "/retrieve/1", NULL), 200);
	assert_header(f, "Content-Length", "0");
	fake_record_set(&f->fake, &none); /* registered, and never had bytes */
	assert_int_equal(get(f, "/retrieve/7", NULL), 200);
	assert_header(f, "Content-Length", "0");
	assert_named(f, "attachment; filename=\"void\"");
	assert_header(f, "ETag", "\"99aa06d3014798d86001c324468d497f\"");
}

static void elsewhere_is_a_redirect(void **state)
{
	struct fixture *f = *state;
	struct fake_record there = {
		.id = 9, .stamp = 0x77, .size = 3, .node = "node2", .uri = "http://other:81"
	};

	fake_record_set(&f->fake, &there);
	assert_int_equal(get(f, "/retrieve/9", NULL), 307);
	assert_header(f, "Location", "http://other:81/retrieve/9");
	assert_int_equal(get(f, "/retrieve/9?stamp=0000000000000077", NULL), 307);
	assert_header(f, "Location", "http://other:81/retrieve/9?stamp=0000000000000077");
	strcpy(there.node, "node1"); /* dist is wrong: never to itself */
	fake_record_set(&f->fake, &there);
	assert_int_equal(get(f, "/retrieve/9", NULL), 404);
	assert_int_equal(get(f, "/retrieve/10", NULL), 404);
	fake_mode_set(&f->fake, FAKE_BUSY);
	assert_int_equal(get(f, "/retrieve/10", NULL), 503);
}

static void delete_and_reclaim(void **state)
{
	struct fixture *f = *state;
	const char *blobs = "{\"blobs\":[\"2.0.0000000000000020\",\"9.0.0000000000000001\"]}";

	assert_int_equal(put(f, "POST", "/store", "hello"), 200);
	assert_int_equal(put(f, "POST", "/store?stamp=0000000000000020", "second"), 200);
	fake_mode_set(&f->fake, FAKE_BUSY);
	assert_int_equal(ask(f, "DELETE", "/delete/1", NULL, NULL, 0), 503);
	assert_int_equal(stat_of(f, "contents"), 2);
	fake_mode_set(&f->fake, FAKE_OK);
	assert_int_equal(ask(f, "DELETE", "/delete/1", NULL, NULL, 0), 200);
	assert_non_null(strstr(buf_str(&f->res.body), "Content successfully deleted. ID: 1"));
	assert_int_equal(ask(f, "DELETE", "/delete/1/", NULL, NULL, 0), 404);
	assert_int_equal(get(f, "/retrieve/1", NULL), 404);
	assert_int_equal(stat_of(f, "contents"), 1);
	assert_int_equal(put(f, "POST", "/reclaim/", blobs), 200);
	assert_int_equal(member(f, "reclaimed"), 2);
	assert_int_equal(stat_of(f, "storage"), 0);
	assert_int_equal(put(f, "POST", "/sync", ""), 200);
}

static void delete_reaches_the_other_node(void **state)
{
	struct fixture *f = *state;
	struct fake_record there = { .id = 9, .stamp = 0x77, .size = 3, .node = "node2" };

	strcpy(there.uri, f->fake.base); /* the fake is every other node, too */
	fake_record_set(&f->fake, &there);
	assert_int_equal(ask(f, "DELETE", "/delete/9", NULL, NULL, 0), 200);
	assert_int_equal(f->fake.reclaimed, 0x77);
}

static void full_node_keeps_nothing(void **state)
{
	struct fixture *f = *state;
	const char head[] = "--BB\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n",
		   tail[] = "\r\n--BB--\r\n";
	struct buf form = BUF_INIT;
	char *bytes = calloc(1, MAX + 1);

	assert_int_equal(ask(f, "POST", "/store", NULL, bytes, MAX + 1), 507);
	assert_int_equal(stat_of(f, "reserved"), 0);
	/* a form that exactly fits: its headers are no content */
	buf_adds(&form, head);
	buf_add(&form, bytes, MAX);
	buf_adds(&form, tail);
	assert_int_equal(ask(f, "POST", "/store", FORM_TYPE, form.data, form.len), 200);
	assert_int_equal(stat_of(f, "storage"), MAX);
	assert_true(stat_of(f, "storagep") == 100.0);
	assert_int_equal(ask(f, "POST", "/store", FORM_TYPE, form.data, form.len), 507);
	assert_int_equal(put(f, "POST", "/store", "x"), 507);
	assert_int_equal(stat_of(f, "reserved"), 0);
	assert_int_equal(ask(f, "DELETE", "/delete/1", NULL, NULL, 0), 200);
	assert_int_equal(ask(f, "POST", "/store", NULL, bytes, MAX), 200);
	buf_release(&form);
	free(bytes);
}

static void bad_requests(void **state)
{
	static const struct {
		unsigned status;
		const char *method, *path, *header, *body;
	} rows[] = {
		{ 400, "POST", "/store?stamp=1", NULL, "x" },
		{ 400, "POST", "/store?stamp=0000000000000000", NULL, "x" },
		{ 400, "POST", "/store?durable=maybe", NULL, "x" },
		{ 400, "POST", "/store?filename=..", NULL, "x" },
		{ 400, "POST", "/store?filename=a%00b", NULL, "x" },
		{ 400, "POST", "/store?path=", NULL, "x" },
		{ 400, "POST", "/store", "Content-Type: nonsense", "x" },
		{ 400, "POST", "/store", "X-Content-XXH128: 12", "x" },
		{ 422, "POST", "/store", "X-Content-XXH128: 00000000000000000000000000000000",
			"x" },
		{ 400, "POST", "/store", "Content-Type: multipart/form-data", "x" },
		{ 400, "POST", "/store", FORM_TYPE, "x" },
		{ 400, "POST", "/store", FORM_TYPE, "" },
		{ 400, "POST", "/store", FORM_TYPE, "--BB--" },
		{ 400, "POST", "/store", FORM_TYPE, FORM("", "..", "x") },
		{ 400, "POST", "/store", FORM_TYPE,
			FORM("--BB\r\nContent-Disposition: form-data; name=\"stamp\"\r\n\r\nx\r\n",
				"n", "x") },
		{ 400, "PUT", "/store", NULL, "x" },
		{ 400, "PUT", "/update", NULL, "x" },
		{ 400, "PUT", "/update/0", NULL, "x" },
		{ 400, "PUT", "/update?id=-1", NULL, "x" },
		{ 400, "PUT", "/update/3?id=4", NULL, "x" },
		{ 404, "PUT", "/update/3?id=3", NULL, "x" },
		{ 404, "PUT", "/update/9007199254740991", NULL, "x" },
		{ 400, "PUT", "/update/9007199254740992", NULL, "x" },
		{ 400, "GET", "/retrieve/x", NULL, NULL },
		{ 404, "GET", "/retrieve/../../etc/passwd", NULL, NULL },
		{ 405, "GET", "/store", NULL, NULL },
		{ 405, "POST", "/retrieve/1", NULL, "x" },
		{ 400, "DELETE", "/delete/x", NULL, NULL },
		{ 400, "POST", "/reclaim", NULL, "[]" },
		{ 400, "POST", "/reclaim", NULL, "{" },
		{ 400, "POST", "/reclaim", NULL, "{\"blobs\":[1]}" },
		{ 400, "POST", "/reclaim", NULL, "{\"blobs\":[\"../x\"]}" },
		{ 404, "GET", "/nowhere", NULL, NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *body = rows[i].body ? rows[i].body : "";
		unsigned got =
			ask(f, rows[i].method, rows[i].path, rows[i].header, body, strlen(body));

		if (got != rows[i].status)
			fail_msg("row %zu: %s %s: %u instead of %u: %s", i, rows[i].method,
				rows[i].path, got, rows[i].status, buf_str(&f->res.body));
		assert_non_null(strstr(buf_str(&f->res.body), "\"message\":"));
	}
	assert_int_equal(stat_of(f, "storage"), 0);
	assert_int_equal(stat_of(f, "reserved"), 0);
}

static void names_too_long(void **state)
{
	struct fixture *f = *state;
	char path[4600];

	snprintf(path, sizeof(path), "/store?filename=%0256d", 1);
	assert_int_equal(put(f, "POST", path, "x"), 400);
	snprintf(path, sizeof(path), "/store?path=%04097d", 1);
	assert_int_equal(put(f, "POST", path, "x"), 400);
	snprintf(path, sizeof(path), "/store?filename=%0255d", 1);
	assert_int_equal(put(f, "POST", path, "x"), 200);
}

/* Sends text as it is and reads the answer until the server has nothing more to say. */
static void talk(struct fixture *f, const char *text, bool half, char *answer, size_t cap)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)httpd_port(f->server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	if (half)
		shutdown(fd, SHUT_WR);
	while (n + 1 < cap && (got = recv(fd, answer + n, cap - n - 1, 0)) > 0)
		n += (size_t)got;
	answer[n] = 0;
	close(fd);
}

static void lengths_and_chunks(void **state)
{
	struct fixture *f = *state;
	char answer[4096];

	talk(f, "POST /store HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false, answer,
		sizeof(answer));
	assert_non_null(strstr(answer, " 411 "));
	talk(f,
		"POST /store HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
		false, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 200 "));
	assert_int_equal(get(f, "/retrieve/1", NULL), 200);
	assert_body(f, "hello");
	assert_int_equal(stat_of(f, "reserved"), 0);
	talk(f, "POST /store HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf", true, answer,
		sizeof(answer));
	assert_null(strstr(answer, " 200 "));
	assert_int_equal(stat_of(f, "reserved"), 0);
	assert_int_equal(stat_of(f, "storage"), 5);
	assert_int_equal(temp_dir_size(&f->dir, "tmp/up.1"), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(raw_upload_and_retrieve),
		TEST(form_upload_and_update),
		TEST(conditions_and_ranges),
		TEST(version_by_stamp),
		TEST(empty_content),
		TEST(elsewhere_is_a_redirect),
		TEST(delete_and_reclaim),
		TEST(delete_reaches_the_other_node),
		TEST(full_node_keeps_nothing),
		TEST(bad_requests),
		TEST(names_too_long),
		TEST(lengths_and_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
