/* links: dist/batch */
/* Any body of POST fs is refused with a sentence, or every operation in it is within its limits. */
#include "dist/batch.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_name(const struct op *op, const struct tree_name *n)
{
	if (!n->name)
		return;
	check(n->dir >= 1 && n->dir <= LIMIT_ID);
	check(strlen(n->name) == n->len);
	if (!op->error)
		check(n->len <= LIMIT_NAME &&
			!memchr(n->name, '/', op->kind == OP_READDIR ? 0 : n->len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch b;
	char error[256] = "";

	if (batch_parse((const char *)data, size, &b, error, sizeof(error)) < 0) {
		check(error[0] && strlen(error) < sizeof(error));
		return 0;
	}
	check(b.n <= LIMIT_BATCH_OPS && b.slot < LIMIT_SLOTS && b.seq <= LIMIT_ID);
	for (size_t i = 0; i < b.n; i++) {
		const struct op *op = &b.ops[i];

		check_name(op, &op->at);
		check_name(op, &op->to);
		check(!op->new.target || strlen(op->new.target) == op->new.target_len);
		check(op->error || op->new.target_len <= LIMIT_TARGET);
		check(op->limit <= LIMIT_READDIR);
		check(!op->xattr.name || strlen(op->xattr.name) == op->xattr.len);
		check(op->error || (op->xattr.len <= LIMIT_XATTR_NAME &&
					   op->xattr.value_len <= LIMIT_XATTR_VALUE));
		check(op->xattr.value || !op->xattr.value_len);
	}
	batch_release(&b);
	return 0;
}
