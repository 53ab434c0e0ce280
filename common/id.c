#include "common/id.h"

bool id_ok(const char *text, size_t len, size_t most)
{
	if (len < 1 || len > most)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    c == '_' || c == '-'))
			return false;
	}
	return true;
}
