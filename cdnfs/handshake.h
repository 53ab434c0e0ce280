/* handshake - HANDLE_KILLPRIV_V2 is agreed with the kernel although libfuse before 3.17 does not know it. */
#ifndef CDNFS_HANDSHAKE_H
#define CDNFS_HANDSHAKE_H

struct fuse_session;

/* Between mount and loop. 0 or -errno. Where the kernel does not offer it, nothing is agreed. */
int handshake_open(struct fuse_session *session);

#endif
