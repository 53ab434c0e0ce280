/* What cppcheck must know of libraries whose headers it does not read. */
#define cJSON_ArrayForEach(e, a) for (e = (a)->child; e; e = e->next)
