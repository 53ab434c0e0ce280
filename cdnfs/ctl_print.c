#include "cdnfs/ctl_print.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void text_quoted(FILE *out, const char *text)
{
	char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';

	(void)fputc(quote, out); /* main() asks ferror() once, here and below */
	for (const char *p = text; *p; p++) {
		if (*p == quote || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if ((unsigned char)*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*p);
		else
			(void)fputc(*p, out);
	}
	(void)fputc(quote, out);
}

static void number(FILE *out, double value)
{
	if (value > -9.1e15 && value < 9.1e15 && value == (double)(long long)value)
		fprintf(out, "%lld", (long long)value);
	else
		fprintf(out, "%.15g", value);
}

static void value_print(FILE *out, const cJSON *v) /* NOLINT(misc-no-recursion): LIMIT_JSON_DEPTH */
{
	const cJSON *item;
	const char *comma = "";
	bool object = cJSON_IsObject(v);

	if (cJSON_IsString(v)) {
		text_quoted(out, v->valuestring);
	} else if (cJSON_IsNumber(v)) {
		number(out, v->valuedouble);
	} else if (object || cJSON_IsArray(v)) {
		(void)fputc(object ? '{' : '[', out);
		cJSON_ArrayForEach(item, v)
		{
			(void)fputs(comma, out);
			if (object) {
				text_quoted(out, item->string);
				(void)fputs(": ", out);
			}
			value_print(out, item);
			comma = ", ";
		}
		(void)fputc(object ? '}' : ']', out);
	} else {
		(void)fputs(cJSON_IsNull(v) ? "None" : cJSON_IsTrue(v) ? "True" : "False", out);
	}
}

void ctl_print_dict(FILE *out, const cJSON *value)
{
	value_print(out, value);
	(void)fputc('\n', out);
}

void ctl_print_json(FILE *out, const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);

	fprintf(out, "%s\n", text ? text : "null");
	free(text);
}

cJSON *ctl_headers(const struct httpc_res *res)
{
	cJSON *object = cJSON_CreateObject();
	const char *line = buf_str(&res->headers);

	while (object && *line) {
		size_t len = strcspn(line, "\r\n");
		const char *colon = memchr(line, ':', len);

		if (colon) {
			char *name = strndup(line, (size_t)(colon - line));
			const char *from = colon + 1 + strspn(colon + 1, " \t");
			char *value = strndup(from, (size_t)(line + len - from));

			for (char *p = name; p && *p; p++)
				*p = (char)tolower((unsigned char)*p);
			if (name && value)
				cJSON_AddStringToObject(object, name, value);
			free(name);
			free(value);
		}
		line += len;
		line += strspn(line, "\r\n");
	}
	return object;
}

double ctl_figure(const cJSON *object, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

uint64_t ctl_count(const cJSON *object, const char *key)
{
	double value = ctl_figure(object, key);

	return value > 0 && value < 9.1e18 ? (uint64_t)value : 0;
}

const char *ctl_words(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return text ? text : "-";
}
