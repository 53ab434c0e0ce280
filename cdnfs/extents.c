#include "cdnfs/extents.h"

#include "common/json.h"
#include "common/limits.h"
#include <errno.h>
#include <string.h>

void extents_init(struct extents *e)
{
	memset(e, 0, sizeof(*e));
	pthread_mutex_init(&e->lock, NULL);
}

void extents_release(struct extents *e)
{
	ranges_release(&e->known.data);
	pthread_mutex_destroy(&e->lock);
}

void extents_learn(struct extents *e, struct stretch *s)
{
	struct stretch old;

	pthread_mutex_lock(&e->lock);
	old = e->known;
	e->known = *s;
	pthread_mutex_unlock(&e->lock);
	ranges_release(&old.data);
	memset(s, 0, sizeof(*s));
}

bool extents_look(struct extents *e, uint64_t stamp, uint64_t at, bool *data, uint64_t *end)
{
	const struct stretch *k = &e->known;
	const struct range *r;
	uint64_t to;
	bool known;

	pthread_mutex_lock(&e->lock);
	known = k->stamp == stamp && at >= k->from && at < k->to;
	if (known) {
		r = ranges_from(&k->data, at);
		*data = r && r->from <= at;
		to = *data ? r->to : r ? r->from : k->to;
		if (to < *end)
			*end = to;
	}
	pthread_mutex_unlock(&e->lock);
	return known;
}

static bool read_number(const cJSON *item, uint64_t least, uint64_t most, uint64_t *out)
{
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)least) ||
		!(item->valuedouble <= (double)most))
		return false;
	*out = (uint64_t)item->valuedouble;
	return (double)*out == item->valuedouble;
}

/* Pieces in their order, within what is told. */
static int read_list(const cJSON *list, struct stretch *s)
{
	uint64_t at = s->from, from, to;
	const cJSON *item;
	int rc = 0;

	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != 2 ||
			!read_number(cJSON_GetArrayItem(item, 0), at, s->to, &from) ||
			!read_number(cJSON_GetArrayItem(item, 1), from + 1, s->to, &to))
			return -EPROTO;
		rc = ranges_add(&s->data, from, to);
		if (rc < 0)
			return rc;
		at = to;
	}
	return rc;
}

int extents_parse(const char *text, size_t len, uint64_t from, struct stretch *out)
{
	struct stretch s = { .from = from };
	struct json_reader r;
	const cJSON *list;
	cJSON *root = NULL;
	uint64_t size = 0;
	int rc = json_parse(text, len, &root);

	if (rc < 0)
		return rc == -ENOMEM ? rc : -EPROTO;
	json_reader_init(&r, root);
	json_need(&r, json_u64(&r, "size", LIMIT_FILE_SIZE, &size), "size");
	s.to = size;
	(void)json_u64(&r, "next", size, &s.to); /* absent: that was all */
	list = cJSON_GetObjectItemCaseSensitive(root, "extents");
	rc = -EPROTO;
	if (json_failed(&r) == 0 && s.to > from && cJSON_IsArray(list) &&
		cJSON_GetArraySize(list) <= LIMIT_EXTENTS)
		rc = read_list(list, &s);
	cJSON_Delete(root);
	if (rc < 0)
		ranges_release(&s.data);
	else
		*out = s;
	return rc;
}
