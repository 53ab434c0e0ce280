#include "common/httpc_priv.h"
#include <curl/curl.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"

static void test_a_peer_that_went_is_worth_another_attempt(void **state)
{
	static const struct {
		CURLcode code;
		const char *text;
		int err;
	} rows[] = {
		{ CURLE_PEER_FAILED_VERIFICATION, "SSL certificate problem", -EPROTO },
		{ CURLE_SSL_CACERT_BADFILE, "error setting certificate file: /x", -EPROTO },
		{ CURLE_SSL_CONNECT_ERROR,
			"OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number",
			-EPROTO },
		{ CURLE_SSL_CONNECT_ERROR,
			"OpenSSL SSL_connect: Connection reset by peer in connection to "
			"127.0.0.1:8000",
			-ECONNRESET },
		{ CURLE_SSL_CONNECT_ERROR,
			"error:0A000126:SSL routines::unexpected eof while reading", -ECONNRESET },
		{ CURLE_WEIRD_SERVER_REPLY, "", -EPROTO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(httpc_tls_errno((int)rows[i].code, rows[i].text), rows[i].err);
}

static void test_the_reason_and_the_way_out(void **state)
{
	static const struct {
		CURLcode code;
		const char *text, *url, *says;
	} rows[] = {
		{ CURLE_PEER_FAILED_VERIFICATION, "unable to get local issuer certificate",
			"https://a", "CDN_CA" },
		{ CURLE_PEER_FAILED_VERIFICATION, "self-signed certificate in certificate chain",
			"https://a", "ca-file" },
		{ CURLE_PEER_FAILED_VERIFICATION, "certificate has expired", "https://a", "renew" },
		{ CURLE_PEER_FAILED_VERIFICATION, "certificate is not yet valid", "https://a",
			"clocks" },
		{ CURLE_PEER_FAILED_VERIFICATION, "does not match target host name 'b'",
			"https://b", "subjectAltName" },
		{ CURLE_PEER_FAILED_VERIFICATION, "something new", "https://a", "something new" },
		{ CURLE_SSL_CACERT_BADFILE, "error setting certificate file: /x", "https://a",
			"/x" },
		{ CURLE_SSL_CONNECT_ERROR, "wrong version number", "https://a", "http://" },
		{ CURLE_GOT_NOTHING, "", "http://a", "https://" },
		{ CURLE_GOT_NOTHING, "", "https://a", NULL },
		{ CURLE_COULDNT_CONNECT, "", "https://a", NULL },
		{ CURLE_OK, "", "https://a", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf out = BUF_INIT;

		httpc_tls_explain((int)rows[i].code, rows[i].text, rows[i].url, &out);
		if (rows[i].says ? !strstr(buf_str(&out), rows[i].says) : out.len > 0)
			fail_msg("row %zu: \"%s\"", i, buf_str(&out));
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_peer_that_went_is_worth_another_attempt),
		cmocka_unit_test(test_the_reason_and_the_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
