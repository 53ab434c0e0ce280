/* ctl_tables - the answers of stats/, nodes/ and files/PATH as tables. */
#ifndef CDNFS_CTL_TABLES_H
#define CDNFS_CTL_TABLES_H

#include "cdnfs/ctl_screen.h"
#include "common/json.h"

void ctl_table_stats(const struct ctl_screen *s, const cJSON *stats);
void ctl_table_nodes(const struct ctl_screen *s, const cJSON *nodes);
/* One entry of a directory. */
void ctl_table_entry(const struct ctl_screen *s, const cJSON *entry);
/* Columns that the names of an object's members need, at least `least`. */
int ctl_table_names(const cJSON *object, int least);

#endif
