/* ctl_doctor - looks at everything that people stumble over, and says what cures it. */
#ifndef CDNFS_CTL_DOCTOR_H
#define CDNFS_CTL_DOCTOR_H

#include "cdnfs/ctl_call.h"

/* Takes no arguments. 0 when all is well, 1 when something is wrong; prints either. */
int ctl_doctor(struct ctl *c, char **argv);

#endif
