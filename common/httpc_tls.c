#include "common/base.h"
#include "common/httpc_priv.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

int httpc_tls_errno(int code, const char *text)
{
	if (code != CURLE_SSL_CONNECT_ERROR)
		return -EPROTO;
	/* OpenSSL numbers what the peer said; without a number, or at the stream's end, it went */
	return strstr(text, "error:") && !strstr(text, "unexpected eof") ? -EPROTO : -ECONNRESET;
}

/* What to do about a certificate that was not accepted, by libcurl's and OpenSSL's words. */
static const char *advice(const char *text)
{
	static const struct {
		const char *word, *advice;
	} table[] = {
		{ "issuer", "name the file of its authority's certificate by CDN_CA or the option "
			    "ca-file" },
		{ "self-signed", "name the file of its authority's certificate by CDN_CA or the "
				 "option ca-file" },
		{ "expired", "renew it on the server" },
		{ "not yet valid", "see that the clocks agree" },
		{ "host name", "it must name the host as it is called here, by its "
			       "subjectAltName" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strstr(text, table[i].word))
			return table[i].advice;
	}
	return "see the server's tls-cert, and CDN_CA or the option ca-file here";
}

void httpc_tls_explain(int code, const char *text, const char *url, struct buf *out)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		buf_addf(
			out, "the server's certificate is not trusted: %s; %s", text, advice(text));
		break;
	case CURLE_SSL_CACERT_BADFILE:
		buf_addf(out,
			"the certificates to trust cannot be read, see CDN_CA or the option "
			"ca-file: %s",
			text);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		buf_addf(out,
			"no TLS connection: %s; if the server speaks plain HTTP, its URL is "
			"http://",
			text);
		break;
	case CURLE_GOT_NOTHING:
		if (strncmp(url, "http://", 7) == 0)
			buf_adds(out, "the server closed the connection without an answer; if it "
				      "speaks TLS, its URL is https://");
		break;
	default:
		break;
	}
}
