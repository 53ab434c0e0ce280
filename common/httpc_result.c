#include "common/httpc.h"
#include "common/json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MESSAGE_BODY = 64 << 10 /* bytes: no error message is longer */ };

bool httpc_header(const struct httpc_res *res, const char *name, char *out, size_t cap)
{
	size_t n = strlen(name);
	const char *line = buf_str(&res->headers), *end, *value;

	for (; *line; line = end + strspn(end, "\r\n")) {
		end = line + strcspn(line, "\r\n");
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		value = line + n + 1;
		value += strspn(value, " \t");
		while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		(void)snprintf(out, cap, "%.*s", (int)(end - value), value);
		return true;
	}
	return false;
}

void httpc_message(const struct httpc_res *res, char *out, size_t cap)
{
	const cJSON *text;
	cJSON *body;

	(void)snprintf(out, cap, "%s", "");
	if (res->body.len > MESSAGE_BODY ||
		json_parse(buf_str(&res->body), res->body.len, &body) < 0)
		return;
	text = cJSON_GetObjectItemCaseSensitive(body, "message");
	if (cJSON_IsString(text))
		(void)snprintf(out, cap, "%s", text->valuestring);
	cJSON_Delete(body);
}

const char *httpc_why(const struct httpc_res *res, int rc)
{
	return res->why.len ? buf_str(&res->why) : strerror(-rc);
}

void httpc_res_release(struct httpc_res *res)
{
	buf_release(&res->body);
	buf_release(&res->headers);
	buf_release(&res->why);
	*res = (struct httpc_res)HTTPC_RES_INIT;
}
