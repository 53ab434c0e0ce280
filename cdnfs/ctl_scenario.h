/* ctl_scenario - the specification's evidence, step by step: generate, store, retrieve, update, locate,
 * delete, each step printed, each answer checked against what was sent. */
#ifndef CDNFS_CTL_SCENARIO_H
#define CDNFS_CTL_SCENARIO_H

#include "cdnfs/ctl_call.h"

/* Files of `size` bytes in folder/client_data/ and folder/tmp/, which are made. mount NULL: over REST;
 * else with open, read, write and unlink below that mounted CDN, whose URL c has. 0, or -errno and a sentence. */
int ctl_scenario(struct ctl *c, const char *folder, uint64_t size, const char *mount);

#endif
