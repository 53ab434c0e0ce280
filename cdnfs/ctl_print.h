/* ctl_print - JSON values, read and written, also as the specification's evidence shows them. */
#ifndef CDNFS_CTL_PRINT_H
#define CDNFS_CTL_PRINT_H

#include "common/httpc.h"
#include "common/json.h"
#include <stdint.h>
#include <stdio.h>

/* {'id': 33, 'message': 'Content …'} and a line end. */
void ctl_print_dict(FILE *out, const cJSON *value);
/* {"id":33,…} and a line end. */
void ctl_print_json(FILE *out, const cJSON *value);
/* The headers of an answer as an object of texts, names in lower case. NULL when memory is out. */
cJSON *ctl_headers(const struct httpc_res *res);
/* A member of an answer: 0 when it is no number, or is negative; "-" when it is no text. */
double ctl_figure(const cJSON *object, const char *key);
uint64_t ctl_count(const cJSON *object, const char *key);
const char *ctl_words(const cJSON *object, const char *key); /* the object's */

#endif
