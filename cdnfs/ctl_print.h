/* ctl_print - answers for people: tables, and JSON values as the specification's evidence shows them. */
#ifndef CDNFS_CTL_PRINT_H
#define CDNFS_CTL_PRINT_H

#include "common/httpc.h"
#include "common/json.h"
#include <stdio.h>

/* {'id': 33, 'message': 'Content …'} and a line end. */
void ctl_print_dict(FILE *out, const cJSON *value);
/* {"id":33,…} and a line end. */
void ctl_print_json(FILE *out, const cJSON *value);
/* The headers of an answer as an object of texts, names in lower case. NULL when memory is out. */
cJSON *ctl_headers(const struct httpc_res *res);
/* The answers of stats/, nodes/ and one page of files/PATH. */
void ctl_print_stats(FILE *out, const cJSON *stats);
void ctl_print_nodes(FILE *out, const cJSON *nodes);
void ctl_print_entry(FILE *out, const cJSON *entry);

#endif
