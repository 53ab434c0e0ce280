/* links: common */
/* Any bytes are refused as an ACL, or they are one that comes back as it was and obeys chmod. */
#include "common/acl.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t bits_of(const struct acl *acl)
{
	uint32_t mode = 07000;

	(void)acl_mode(acl, &mode);
	assert((mode & ~0777U) == 07000);
	return mode & 0777;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char back[ACL_BYTES];
	struct acl acl, again;
	uint32_t mode = size ? 0100000U | data[size - 1] : 0100000U;
	bool all;

	if (acl_parse(data, size, &acl) < 0)
		return 0;
	assert(acl.n >= 3 && acl.n <= LIMIT_ACL_ENTRIES);
	assert(acl_write(&acl, back) == size);
	assert(acl_parse(back, size, &again) == 0);
	again = acl;
	all = acl_mode(&acl, &mode);
	assert(all == (acl.n == 3));
	acl_chmod(&again, 0752);
	assert(bits_of(&again) == 0752);
	again = acl;
	mode = 0100666;
	assert(acl_inherit(&again, &mode) == all);
	assert((mode & 0777) == bits_of(&again) && (mode & ~(0666U & bits_of(&acl))) == 0100000);
	assert(acl_parse(back, acl_write(&again, back), &again) == 0);
	return 0;
}
