/* wire_xattr - the JSON of extended attributes. No network. */
#ifndef CDNFS_WIRE_XATTR_H
#define CDNFS_WIRE_XATTR_H

#include "cdnfs/xattrs.h"
#include <cjson/cJSON.h>

void wire_add_base64(cJSON *op, const char *key, const void *data, size_t len);
/* The value of getxattr, added to `value`. 0, -EPROTO, -ENOMEM. */
int wire_xattr(const cJSON *result, struct buf *value);
/* The attributes of listxattr; ctime is the caller's to set. 0, -EPROTO, -ENOMEM. */
int wire_xattrs(const cJSON *result, struct xattrs **out);

#endif
