/* fs - the one context of the mount. */
#ifndef CDNFS_FS_H
#define CDNFS_FS_H

#include "cdnfs/api.h"
#include "cdnfs/coherence.h"
#include "cdnfs/content.h"
#include "cdnfs/inode.h"
#include "cdnfs/inode_bytes.h"
#include "cdnfs/locks.h"
#include "cdnfs/opened.h"
#include "cdnfs/options.h"
#include "cdnfs/stale.h"
#include "common/log.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* Operations that are counted. */
#define FS_OPS(X)                                                                                  \
	X(lookup)                                                                                  \
	X(forget)                                                                                  \
	X(getattr)                                                                                 \
	X(setattr)                                                                                 \
	X(readlink)                                                                                \
	X(mknod)                                                                                   \
	X(mkdir)                                                                                   \
	X(unlink)                                                                                  \
	X(rmdir)                                                                                   \
	X(symlink)                                                                                 \
	X(rename)                                                                                  \
	X(link)                                                                                    \
	X(create)                                                                                  \
	X(open)                                                                                    \
	X(read)                                                                                    \
	X(write)                                                                                   \
	X(flush)                                                                                   \
	X(fsync)                                                                                   \
	X(release)                                                                                 \
	X(opendir)                                                                                 \
	X(readdir)                                                                                 \
	X(readdirplus)                                                                             \
	X(releasedir)                                                                              \
	X(fsyncdir)                                                                                \
	X(statfs)                                                                                  \
	X(setxattr)                                                                                \
	X(getxattr)                                                                                \
	X(listxattr)                                                                               \
	X(removexattr)                                                                             \
	X(getlk)                                                                                   \
	X(setlk)                                                                                   \
	X(flock)                                                                                   \
	X(fallocate)                                                                               \
	X(copy_file_range)                                                                         \
	X(lseek)

#define FS_ENUM(name) FS_##name,
enum fs_op { FS_OPS(FS_ENUM) FS_COUNT };
#undef FS_ENUM

#define FS_ERRNOS 134 /* of Linux */

struct fuse_session;
struct renew;
struct streams;
struct teller;

struct cdnfs {
	const struct options *opt;
	struct api *api;
	struct content *content;
	struct inodes *inodes;
	struct locks *locks; /* NULL: the kernel's, of this machine alone */
	struct coherence coherence;
	struct staging_dir *staging;  /* folder of staged files; NULL in a read-only mount */
	struct fuse_session *session; /* for notifications */
	struct teller *teller;	      /* for those about names */
	struct opened_list opened;    /* files and directories */
	struct stale stale;
	bool acls; /* the kernel goes by POSIX ACLs; set before anything is asked */
	struct renew *renew;
	struct renew *seeker; /* for lseek, which waits */
	struct streams *streams;
	sem_t ready; /* posted once: the kernel has begun */
	_Atomic uint64_t ops[FS_COUNT];
	_Atomic uint64_t errors[FS_ERRNOS];	    /* by errno; [0] is not used */
	_Atomic uint64_t bytes_read, bytes_written; /* by the kernel */
	pthread_mutex_t room_lock;
	struct wire_room room; /* room_lock: last statfs */
	int64_t room_ms;       /* room_lock: clock_ms of it, 0 none */
};

/* ms for which what was learnt of an inode may be relied upon, if nobody is said to have changed it: without end while dist
 * tells of changes. */
static inline int64_t fs_max_age(const struct cdnfs *fs)
{
	return coherence_left(&fs->coherence) ? INT64_MAX
					      : (int64_t)fs->opt->set.attr_timeout * 1000;
}

static inline void fs_count(struct cdnfs *fs, enum fs_op op)
{
	atomic_fetch_add_explicit(&fs->ops[op], 1, memory_order_relaxed);
}

/* What is done for the kernel has an id of its own, here and at the servers. */
static inline void fs_begin(struct cdnfs *fs, enum fs_op op)
{
	fs_count(fs, op);
	log_request_new();
}

#endif
