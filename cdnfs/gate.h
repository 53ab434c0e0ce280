/* gate - may an answer be remembered? Only when nothing was heard about what it tells between its request and now: whoever
 * asks takes a tick (inodes_tick), and whatever changes, by others or through this mount, touches what it changes. Times are
 * kept by hash, so that nothing has to be remembered of what is not known here: a collision costs a request. */
#ifndef CDNFS_GATE_H
#define CDNFS_GATE_H

#include "cdnfs/inode_table.h"

uint64_t gate_inode(uint64_t id);		     /* the key of attributes and bytes */
uint64_t gate_entry(uint64_t dir, const char *name); /* of what a name means */
uint64_t gate_names(uint64_t dir);		     /* of which names there are */

void gate_touch(struct inodes *t, uint64_t key);
bool gate_clean(struct inodes *t, uint64_t key, uint64_t tick);
/* With the table locked. */
void gate_touch_locked(struct inodes *t, uint64_t key);
bool gate_clean_locked(const struct inodes *t, uint64_t key, uint64_t tick);

#endif
