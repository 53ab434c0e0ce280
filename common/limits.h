/* limits - every length, count and depth that outside input can reach, in one place.
 * Each has a test; docs/protocol.md states the answer when one is passed. */
#ifndef COMMON_LIMITS_H
#define COMMON_LIMITS_H

#define LIMIT_NAME 255		     /* bytes in one directory entry's name */
#define LIMIT_PATH 4096		     /* bytes in a path after decoding */
#define LIMIT_TARGET 4095	     /* bytes in a symbolic link's target */
#define LIMIT_SYMLINKS 40	     /* links followed in one path */
#define LIMIT_XATTR_NAME 255	     /* bytes in an extended attribute's name */
#define LIMIT_XATTR_VALUE 65536	     /* bytes in its value */
#define LIMIT_XATTR_LIST 65536	     /* bytes of one inode's names, each with a NUL */
#define LIMIT_XATTR_TOTAL (1U << 20) /* bytes of one inode's names and values */
#define LIMIT_XATTR_TOLD 16384	     /* bytes of values that listxattr tells along with the names */
#define LIMIT_ACL_ENTRIES 511	     /* the kernel asks for an ACL with room for a page */
#define LIMIT_NUMBER 9007199254740991ULL      /* 2^53-1: exact in JSON */
#define LIMIT_FILE_SIZE ((1ULL << 44) - 4096) /* bytes of a content: what ext4 holds */
#define LIMIT_ID LIMIT_NUMBER
#define LIMIT_SECONDS 9223372035LL   /* before and after 1970: times are int64_t nanoseconds */
#define LIMIT_JSON_BODY (4U << 20)   /* bytes of a JSON request body */
#define LIMIT_JSON_REPLY (16U << 20) /* bytes of a JSON answer that a client accepts */
#define LIMIT_JSON_DEPTH 32
#define LIMIT_BATCH_OPS 1024 /* operations in one POST /fs */
#define LIMIT_READDIR 16384  /* entries in one readdir answer */
#define LIMIT_LIST 1000	     /* rows in one page of GET content/ and GET files/ */
#define LIMIT_RECLAIM 1000   /* blobs in one POST reclaim/ */
#define LIMIT_FINDINGS 20    /* of each kind that fs/check tells */
#define LIMIT_URI 2048	     /* bytes of a stored or configured URI */
#define LIMIT_HOST 255
#define LIMIT_TYPE 127		     /* bytes of a content type */
#define LIMIT_SESSION 64	     /* bytes of a session id */
#define LIMIT_SESSIONS 1024	     /* mounts that listen to one dist */
#define LIMIT_TOLD 8192		     /* changes of one transaction that are told one by one */
#define LIMIT_FEED 16384	     /* changes that dist remembers for them */
#define LIMIT_FEED_BYTES (16U << 20) /* of their text */
#define LIMIT_EVENTS (1U << 20)	     /* bytes of changes in one answer, about */
#define LIMIT_DENTRIES (1U << 17)    /* names that a mount remembers */
#define LIMIT_SLOTS 256		     /* slots of a session */
#define LIMIT_NODES 256		     /* nodes in nodes.yml */
#define LIMIT_LOCKS 4096	     /* of one kind on one file */
#define LIMIT_CONF_FILE (1U << 20)
#define LIMIT_DRAIN (64U << 20)	   /* bytes read and thrown away to still answer a refused body */
#define LIMIT_HEADERS (64U << 10)  /* bytes of the headers of an answer */
#define LIMIT_CONNECTIONS 4096	   /* of one server */
#define LIMIT_LINK_S (366 * 86400) /* seconds that a signed link is made for */
#define LIMIT_PARAMETERS 64	   /* parameters of one query */
#define LIMIT_REQUEST_SECONDS 30   /* silence after which a half-sent request is dropped */
#define LIMIT_UNSENT 262144	   /* bytes of an answer that wait in the kernel to be sent */
#define LIMIT_REQUEST_ID 32	   /* bytes of X-Request-Id */
#define LIMIT_MULTIPART_FIELD 4096 /* bytes of a form field that is not the file */
#define LIMIT_CHANGES 65536	   /* changes of one list (PATCH update/) */
#define LIMIT_EXTENTS 1024	   /* pieces of data in one answer of extents/ */
#define LIMIT_CHANGE_LINE 112	   /* bytes of the line that begins a change */

#endif
