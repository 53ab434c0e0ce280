/* filter - linked into every unit test: T=name in the environment runs only tests with that in
 * their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void filter(void)
{
	static char pattern[256];
	const char *name = getenv("T");

	if (!name || !*name)
		return;
	(void)snprintf(pattern, sizeof(pattern), "*%s*", name); /* too long: a prefix of it */
	cmocka_set_test_filter(pattern);
}
