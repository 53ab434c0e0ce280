#include "cdnfs/handshake.h"

#include <fuse3/fuse_lowlevel.h>

#ifdef FUSE_CAP_HANDLE_KILLPRIV_V2
int handshake_open(struct fuse_session *session)
{
	(void)session; /* ops.c asks for it */
	return 0;
}
#else
#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>
#include <unistd.h>

/* This thread has read the kernel's INIT, which offers it, and is about to answer. */
static _Thread_local bool offered;

static ssize_t read_request(int fd, void *buf, size_t len, void *userdata)
{
	const struct fuse_in_header *in = buf;
	const struct fuse_init_in *init = (const void *)(in + 1);
	ssize_t n = read(fd, buf, len);

	(void)userdata;
	if (n >= (ssize_t)(sizeof(*in) + offsetof(struct fuse_init_in, flags2)) &&
		in->opcode == FUSE_INIT)
		offered = (init->flags & FUSE_HANDLE_KILLPRIV_V2) != 0;
	return n;
}

static ssize_t write_answer(int fd, struct iovec *iov, int count, void *userdata)
{
	const struct fuse_out_header *out = iov[0].iov_base;

	(void)userdata;
	if (offered && !out->error && count > 1 &&
		iov[1].iov_len >= offsetof(struct fuse_init_out, max_background)) {
		((struct fuse_init_out *)iov[1].iov_base)->flags |= FUSE_HANDLE_KILLPRIV_V2;
		offered = false;
	}
	return writev(fd, iov, count);
}

int handshake_open(struct fuse_session *session)
{
	static const struct fuse_custom_io io = { .read = read_request, .writev = write_answer };

	return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
#endif
