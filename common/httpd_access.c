#include "common/httpd_priv.h"

#include "common/name.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define PEER 64	      /* "[v6%scope]:port" */
#define METHOD_MAX 16 /* of a method that is none, so much is shown */

static void peer_text(const struct httpd_req *req, char text[PEER])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info ? info->client_addr : NULL;
	char host[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;

	(void)snprintf(text, PEER, "-");
	if (a && a->sa_family == AF_INET && inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host)))
		(void)snprintf(text, PEER, "%s:%u", host, ntohs(v4->sin_port)); /* fits */
	else if (a && a->sa_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host)))
		(void)snprintf(text, PEER, "[%s]:%u", host, ntohs(v6->sin6_port)); /* fits */
}

static enum log_level level_of(const struct httpd_req *req)
{
	bool dull = req->route && (req->route->flags & HTTPD_DULL) && req->status < 400;

	return req->server->conf.access_log && !dull ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* The query is left out: it may hold a link's signature. The rest cannot break its line or pass for another field:
 * path and method are percent-encoded, and the path, which may be long, comes last. */
void httpd_access_log(const struct httpd_req *req, int64_t ns, bool whole)
{
	enum log_level level = level_of(req);
	struct buf method = BUF_INIT, path = BUF_INIT;
	char peer[PEER];

	if (!log_wants(level))
		return;
	peer_text(req, peer);
	name_url(&method, req->method, strnlen(req->method, METHOD_MAX));
	name_url_path(&path, req->path, strlen(req->path));
	log_line(level, "request",
		"method=%s status=%u bytes=%" PRIu64 " in=%" PRIu64 " ms=%.3f peer=%s%s path=%s",
		buf_str(&method), req->status, httpd_sent(req), req->received, (double)ns / 1e6,
		peer, whole ? "" : " ended=early", path.len ? buf_str(&path) : "-");
	buf_release(&method);
	buf_release(&path);
}

uint64_t httpd_sent(const struct httpd_req *req)
{
	return req->status == 304 || strcmp(req->method, "HEAD") == 0 ? 0 : req->length_out;
}
