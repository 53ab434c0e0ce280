/* links: common */
/* However an answer is cut into pieces, it is the same answer, and no byte of its body is beyond what came. */
#include "common/httpc_answer.h"
#include "common/limits.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct httpc_answer a;
	struct buf headers, body;
	size_t rest;
	int rc;
};

static void check(bool good)
{
	if (!good)
		abort();
}

static void run(struct outcome *o, const char *data, size_t len, size_t cut)
{
	const char *body;
	size_t used, n;

	o->a.headers = &o->headers;
	while (len && o->rc == 0 && o->a.state != HTTPC_ANSWER_DONE) {
		size_t piece = len < cut ? len : cut;

		o->rc = httpc_answer_read(&o->a, data, piece, &used, &body, &n);
		if (o->rc < 0)
			return;
		check(used && used <= piece && n <= used && body == data);
		buf_add(&o->body, body, n);
		data += used;
		len -= used;
	}
	check(o->headers.len <= LIMIT_HEADERS);
	o->rest = len;
	if (o->rc == 0)
		o->rc = httpc_answer_end(&o->a);
	check(o->rc != 0 || o->a.status >= 200);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = { .rc = 0 }, cut = { .rc = 0 };

	if (!size)
		return 0;
	whole.a.no_body = cut.a.no_body = data[0] & 1;
	run(&whole, (const char *)data + 1, size - 1, size);
	run(&cut, (const char *)data + 1, size - 1, 1 + (data[0] >> 1) % 40);
	check(whole.rc == cut.rc && whole.rest == cut.rest);
	if (whole.rc == 0)
		check(whole.a.status == cut.a.status && whole.a.keep == cut.a.keep &&
			whole.body.len == cut.body.len &&
			(!whole.body.len ||
				!memcmp(whole.body.data, cut.body.data, whole.body.len)));
	buf_release(&whole.headers);
	buf_release(&whole.body);
	buf_release(&cut.headers);
	buf_release(&cut.body);
	return 0;
}
