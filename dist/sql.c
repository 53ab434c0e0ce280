#include "dist/sql.h"

/* A node that has the current version. */
#define HOLDER                                                                                     \
	"(SELECT min(r.node) FROM replica r"                                                       \
	" WHERE r.content = c.id AND r.part = 0 AND r.stamp = c.stamp)"
/* Columns of struct attr (tree_row.c reads them), of an inode i and its content c. */
#define ATTR                                                                                       \
	"i.id, i.mode, i.uid, i.gid, i.nlink, i.size, i.rdev, i.atime, i.mtime, i.ctime, "         \
	"i.target, "                                                                               \
	"c.stamp, c.etag, c.uri, i.xattrs, coalesce(c.allocated, i.size), " HOLDER
/* Columns of struct content (reg_row.c reads them). */
#define RECORD                                                                                     \
	"SELECT c.id, c.size, c.filename, c.created_at, c.status, " HOLDER                         \
	", c.uri, c.content_type, c.etag, c.stamp, coalesce(i.mtime, c.mtime, 0)"                  \
	", coalesce(i.ctime, c.mtime, 0), coalesce(c.allocated, c.size), i.nlink FROM content c "  \
	"LEFT JOIN inode i ON i.id = "                                                             \
	"c.id "
/* Columns of struct tree_node. */
#define NODE "SELECT i.id, i.mode, i.gid, i.nlink, i.xattrs FROM "
#define PARENTS "(SELECT d.parent FROM dentry d WHERE d.inode = $1)"

/* Of an inode: its type is that. Octal numbers are no SQL. */
#define TYPE(i) "(" #i ".mode & 61440)"
#define IS_DIR(i) TYPE(i) " = 16384"
#define IS_FILE(i) TYPE(i) " = 32768"
#define IS_LINK(i) TYPE(i) " = 40960"

/* A row changed often within one transaction gets slower each time (PostgreSQL keeps every version of it until the end):
 * SQL_INODE_LINKS leaves a directory alone that has the batch's time already.
 *
 * A row lock on a join takes only the inode: the other side is looked at as it was when the statement began, so it
 * must be held still by a lock taken before (the directory's, for its entries). */
const char *const sql_text[SQL_COUNT] = {
	[SQL_SCHEMA_NUMBER] = "SELECT coalesce(max(number), 0) FROM schema_version",
	[SQL_SCHEMA_ADD] = "INSERT INTO schema_version (number, name) VALUES ($1, $2)",

	[SQL_MUTEX_LOCK] = "SELECT taken FROM mutex WHERE name = 'rename' FOR UPDATE",
	[SQL_MUTEX_TOUCH] = "UPDATE mutex SET taken = taken + 1 WHERE name = 'sync'",

	[SQL_INODE_NODE] = NODE "inode i WHERE i.id = $1",
	[SQL_INODE_LOCK] = NODE "inode i WHERE i.id = $1 FOR UPDATE",
	[SQL_INODE_LOCK_TWO] = NODE "inode i WHERE i.id IN ($1, $2) ORDER BY i.id FOR UPDATE",
	[SQL_INODE_LOCK_PARENTS] =
		NODE "inode i WHERE i.id IN " PARENTS " ORDER BY i.id FOR UPDATE",
	[SQL_INODE_ATTR] =
		"SELECT " ATTR " FROM inode i LEFT JOIN content c ON c.id = i.id WHERE i.id = $1",
	[SQL_INODE_ADD] =
		"INSERT INTO inode (mode, uid, gid, nlink, size, rdev, atime, mtime, ctime, "
		"target, xattrs)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
	[SQL_INODE_DELETE] = "DELETE FROM inode WHERE id = $1",
	[SQL_INODE_LINKS] =
		"UPDATE inode SET nlink = nlink + $2, mtime = coalesce($3, mtime), ctime = $4"
		" WHERE id = $1",
	[SQL_INODE_SET] = "UPDATE inode SET mode = $2, uid = $3, gid = $4, size = $5, atime = $6, "
			  "mtime = $7, ctime = $8 WHERE id = $1",
	[SQL_INODE_BYTES] = "UPDATE inode SET size = $2, mtime = $3, ctime = $4 WHERE id = $1",
	[SQL_INODE_XATTRS] = "UPDATE inode SET xattrs = $2, mode = $3, ctime = $4 WHERE id = $1",
	[SQL_INODE_COUNT] = "SELECT count(*) FROM inode",
	[SQL_INODE_TOUCH_PARENTS] =
		"UPDATE inode SET mtime = $2, ctime = $2 WHERE id IN " PARENTS " RETURNING id",

	[SQL_ENTRY_ATTR] = "SELECT " ATTR ", p.mode FROM inode p"
			   " LEFT JOIN dentry d ON d.parent = p.id AND d.name = $2"
			   " LEFT JOIN inode i ON i.id = d.inode"
			   " LEFT JOIN content c ON c.id = i.id WHERE p.id = $1",
	[SQL_ENTRY_NODE] = NODE "dentry d JOIN inode i ON i.id = d.inode"
				" WHERE d.parent = $1 AND d.name = $2",
	[SQL_ENTRY_LOCK] = NODE "dentry d JOIN inode i ON i.id = d.inode"
				" WHERE d.parent = $1 AND d.name = $2 FOR UPDATE OF i",
	[SQL_ENTRY_ADD] = "INSERT INTO dentry (parent, name, inode) VALUES ($1, $2, $3)",
	[SQL_ENTRY_DELETE] = "DELETE FROM dentry WHERE parent = $1 AND name = $2",
	[SQL_ENTRY_DELETE_ALL] = "DELETE FROM dentry WHERE inode = $1 RETURNING parent, name",
	[SQL_ENTRY_MOVE] =
		"UPDATE dentry SET parent = $3, name = $4 WHERE parent = $1 AND name = $2",
	[SQL_ENTRY_POINT] = "UPDATE dentry SET inode = $3 WHERE parent = $1 AND name = $2",
	[SQL_ENTRY_ANY] = "SELECT 1 FROM dentry WHERE parent = $1 LIMIT 1",
	[SQL_ENTRY_LIST] = "SELECT " ATTR ", d.name FROM dentry d JOIN inode i ON i.id = d.inode"
			   " LEFT JOIN content c ON c.id = i.id"
			   " WHERE d.parent = $1 AND d.name > $2 ORDER BY d.name LIMIT $3",
	[SQL_ENTRY_OF] =
		"SELECT parent, name FROM dentry WHERE inode = $1 ORDER BY parent, name LIMIT 1",
	[SQL_TREE_ABOVE] = "WITH RECURSIVE above (id) AS (SELECT CAST($1 AS BIGINT) UNION"
			   " SELECT d.parent FROM dentry d JOIN above a ON d.inode = a.id)"
			   " SELECT 1 FROM above WHERE id = $2",
	[SQL_XATTR_GET] = "SELECT value FROM xattr WHERE inode = $1 AND name = $2",
	[SQL_XATTR_LIST] = "SELECT name, value FROM xattr WHERE inode = $1 ORDER BY name",
	/* how many others there are, the bytes of their names, and of their values */
	[SQL_XATTR_OTHERS] =
		"SELECT count(*), coalesce(sum(length(name)), 0), coalesce(sum(length(value)), 0)"
		" FROM xattr WHERE inode = $1 AND name <> $2",
	[SQL_XATTR_PUT] = "INSERT INTO xattr (inode, name, value) VALUES ($1, $2, $3)"
			  " ON CONFLICT (inode, name) DO UPDATE SET value = excluded.value",
	[SQL_XATTR_REMOVE] = "DELETE FROM xattr WHERE inode = $1 AND name = $2",
	[SQL_XATTR_DELETE] = "DELETE FROM xattr WHERE inode = $1",

	[SQL_CONTENT_ADD] =
		"INSERT INTO content (id, filename, size, created_at, uri, stamp, etag, "
		"content_type, mtime, allocated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	[SQL_CONTENT_DELETE] = "DELETE FROM content WHERE id = $1",
	[SQL_CONTENT_NAME] = "UPDATE content SET filename = $2 WHERE id = $1",
	[SQL_CONTENT_CLEAR] = "UPDATE content SET size = 0, allocated = NULL, stamp = NULL, "
			      "etag = '', uri = NULL WHERE id = $1",
	[SQL_CONTENT_MTIME] = "UPDATE content SET mtime = $2 WHERE id = $1",
	[SQL_CONTENT_SET] =
		"UPDATE content SET filename = $2, size = $3, uri = $4, stamp = $5, "
		"etag = $6, content_type = $7, mtime = $8, allocated = $9 WHERE id = $1",
	[SQL_CONTENT_GET] = RECORD "WHERE c.id = $1",
	[SQL_CONTENT_BY_STAMP] = RECORD "WHERE c.stamp = $1 ORDER BY c.id LIMIT 1",
	[SQL_CONTENT_BY_VERSION] = RECORD "WHERE c.stamp = $1 AND c.etag = $2",
	[SQL_CONTENT_LIST] = RECORD "WHERE c.id > $1 ORDER BY c.id LIMIT $2",
	[SQL_CONTENT_COUNT] = "SELECT count(*) FROM content",

	[SQL_REPLICA_ADD] =
		"INSERT INTO replica (content, part, node, stamp) VALUES ($1, 0, $2, $3)",
	[SQL_REPLICA_RECLAIM] =
		"INSERT INTO reclaim (node, content, part, stamp)"
		" SELECT node, content, part, stamp FROM replica WHERE content = $1",
	[SQL_REPLICA_DELETE] = "DELETE FROM replica WHERE content = $1",
	[SQL_PART_DELETE] = "DELETE FROM part WHERE content = $1",
	[SQL_RECLAIM_LIST] = "SELECT seq, content, stamp, part FROM reclaim WHERE node = $1"
			     " ORDER BY seq LIMIT $2",
	[SQL_RECLAIM_DONE] = "DELETE FROM reclaim WHERE seq = $1 AND node = $2",

	[SQL_SESSION_OPEN] = "INSERT INTO session (id, slot, seq, used) VALUES ($1, $2, -1, 0)"
			     " ON CONFLICT (id, slot) DO NOTHING",
	[SQL_SESSION_GET] = "SELECT seq, reply FROM session WHERE id = $1 AND slot = $2 FOR UPDATE",
	[SQL_SESSION_PUT] = "INSERT INTO session (id, slot, seq, host, used, reply)"
			    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id, slot) DO UPDATE SET"
			    " seq = excluded.seq, host = excluded.host, used = excluded.used,"
			    " reply = excluded.reply",
	[SQL_SESSION_EXPIRE] = "DELETE FROM session WHERE used < $1",

	[SQL_LOCK_LIST] =
		"SELECT l.session, l.owner, l.first_byte, l.last_byte, l.is_write, l.pid,"
		" coalesce(s.expires, 0) FROM file_lock l"
		" LEFT JOIN lock_session s ON s.session = l.session"
		" WHERE l.inode = $1 AND l.is_flock = $2 ORDER BY l.first_byte, l.session",
	[SQL_LOCK_ADD] = "INSERT INTO file_lock (inode, is_flock, session, owner, first_byte,"
			 " last_byte, is_write, pid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	[SQL_LOCK_DELETE] = "DELETE FROM file_lock WHERE inode = $1 AND is_flock = $2"
			    " AND session = $3 AND owner = $4 AND first_byte = $5",
	[SQL_LOCK_DROP] = "DELETE FROM file_lock WHERE session = $1",
	[SQL_LOCK_SESSION_PUT] = "INSERT INTO lock_session (session, expires) VALUES ($1, $2)"
				 " ON CONFLICT (session) DO UPDATE SET expires = excluded.expires",
	[SQL_LOCK_SESSION_RENEW] = "UPDATE lock_session SET expires = $2 WHERE session = $1",
	[SQL_LOCK_SESSION_DROP] = "DELETE FROM lock_session WHERE session = $1",

	[SQL_APPLIED_GET] = "SELECT 1 FROM applied WHERE content = $1 AND stamp = $2",
	[SQL_APPLIED_ADD] = "INSERT INTO applied (content, stamp, at) VALUES ($1, $2, $3)",
	[SQL_APPLIED_EXPIRE] = "DELETE FROM applied WHERE at < $1",

	/* What must not be: rows of an id and two numbers that check.c puts into words; $1 is how many at most. */
	[SQL_CHECK_ENTRIES] =
		"SELECT parent, name, inode FROM dentry WHERE (parent, name) > ($1, $2)"
		" ORDER BY parent, name LIMIT $3",
	[SQL_CHECK_ROOT] = "SELECT 1, 0, 0 FROM (SELECT count(*) AS n FROM inode i"
			   " WHERE i.id = 1 AND " IS_DIR(i) ") found WHERE n <> 1 LIMIT $1",
	[SQL_CHECK_TYPE] = "SELECT i.id, i.mode, 0 FROM inode i WHERE " TYPE(
		i) " NOT IN (4096, 8192, 16384, 24576, 32768, 40960, 49152) LIMIT $1",
	[SQL_CHECK_NUMBER] = "SELECT i.id, i.nlink, i.size FROM inode i"
			     " WHERE i.nlink < 1 OR i.size < 0 OR i.mode < 0 LIMIT $1",
	[SQL_CHECK_DEVICE] = "SELECT i.id, i.rdev, 0 FROM inode i WHERE i.rdev <> 0 AND " TYPE(
		i) " NOT IN (8192, 24576) LIMIT $1",
	[SQL_CHECK_TARGET] =
		"SELECT i.id, coalesce(length(i.target), 0), i.size FROM inode i WHERE CASE "
		"WHEN " IS_LINK(i) " THEN coalesce(length(i.target), 0) <> i.size OR i.size = 0"
				   " ELSE coalesce(length(i.target), 0) <> 0 END LIMIT $1",
	[SQL_CHECK_UNNAMED] =
		"SELECT i.id, i.mode, 0 FROM inode i WHERE i.id <> 1"
		" AND NOT EXISTS (SELECT 1 FROM dentry d WHERE d.inode = i.id) LIMIT $1",
	[SQL_CHECK_ENTRY_PARENT] =
		"SELECT d.inode, d.parent, 0 FROM dentry d LEFT JOIN inode i ON i.id = d.parent"
		" WHERE i.id IS NULL OR " TYPE(i) " <> 16384 LIMIT $1",
	[SQL_CHECK_ENTRY_INODE] =
		"SELECT d.inode, d.parent, 0 FROM dentry d LEFT JOIN inode i ON i.id = d.inode"
		" WHERE i.id IS NULL LIMIT $1",
	[SQL_CHECK_ROOT_ENTRY] =
		"SELECT d.inode, d.parent, 0 FROM dentry d WHERE d.inode = 1 LIMIT $1",
	[SQL_CHECK_FOLDER_NAMES] =
		"SELECT d.inode, count(*), 0 FROM dentry d JOIN inode i ON i.id = d.inode "
		"WHERE " IS_DIR(i) " GROUP BY d.inode HAVING count(*) > 1 LIMIT $1",
	[SQL_CHECK_LINKS] =
		"SELECT i.id, i.nlink, count(d.inode) FROM inode i"
		" LEFT JOIN dentry d ON d.inode = i.id WHERE NOT " IS_DIR(
			i) " GROUP BY i.id, i.nlink HAVING i.nlink <> count(d.inode) LIMIT $1",
	[SQL_CHECK_FOLDER_LINKS] =
		"SELECT i.id, i.nlink, 2 + count(c.id) FROM inode i"
		" LEFT JOIN dentry d ON d.parent = i.id LEFT JOIN inode c ON c.id = d.inode "
		"AND " IS_DIR(c) " WHERE " IS_DIR(
			i) " GROUP BY i.id, i.nlink HAVING i.nlink <> 2 + count(c.id) LIMIT $1",
	[SQL_CHECK_UNREACHABLE] =
		"WITH RECURSIVE below (id) AS (SELECT CAST(1 AS BIGINT) UNION SELECT d.inode FROM"
		" dentry d JOIN below b ON d.parent = b.id JOIN inode i ON i.id = d.inode "
		"AND " IS_DIR(i) ") SELECT i.id, 0, 0 FROM inode i WHERE " IS_DIR(
			i) " AND i.id NOT IN (SELECT id FROM below) LIMIT $1",
	[SQL_CHECK_FILE_RECORD] =
		"SELECT i.id, 0, 0 FROM inode i LEFT JOIN content c ON c.id = i.id"
		" WHERE " IS_FILE(i) " AND c.id IS NULL LIMIT $1",
	[SQL_CHECK_RECORD_FILE] = "SELECT c.id, coalesce(i.mode, 0), 0 FROM content c LEFT JOIN "
				  "inode i ON i.id = c.id"
				  " WHERE i.id IS NULL OR " TYPE(i) " <> 32768 LIMIT $1",
	[SQL_CHECK_SIZE] = "SELECT i.id, i.size, c.size FROM inode i JOIN content c ON c.id = i.id"
			   " WHERE i.size <> c.size LIMIT $1",
	[SQL_CHECK_TIME] =
		"SELECT i.id, i.mtime, c.mtime FROM inode i JOIN content c ON c.id = i.id"
		" WHERE i.mtime <> c.mtime LIMIT $1",
	[SQL_CHECK_BYTES] =
		"SELECT c.id, c.stamp, 0 FROM content c WHERE c.stamp IS NOT NULL AND c.uri IS NULL"
		" AND NOT EXISTS (SELECT 1 FROM replica r WHERE r.content = c.id AND r.stamp = "
		"c.stamp)"
		" LIMIT $1",
	[SQL_CHECK_REPLICA_RECORD] = "SELECT r.content, r.stamp, 0 FROM replica r LEFT JOIN "
				     "content c ON c.id = r.content"
				     " WHERE c.id IS NULL LIMIT $1",
	[SQL_CHECK_REPLICA_VERSION] =
		"SELECT r.content, r.stamp, coalesce(c.stamp, 0) FROM replica r"
		" JOIN content c ON c.id = r.content"
		" WHERE r.part = 0 AND r.stamp <> coalesce(c.stamp, 0) LIMIT $1",
	[SQL_CHECK_RECLAIM] =
		"SELECT r.content, r.stamp, 0 FROM replica r JOIN reclaim g ON g.node = r.node"
		" AND g.content = r.content AND g.part = r.part AND g.stamp = r.stamp LIMIT $1",
	[SQL_CHECK_PART] = "SELECT p.content, p.part, 0 FROM part p"
			   " LEFT JOIN content c ON c.id = p.content WHERE c.id IS NULL LIMIT $1",
	[SQL_CHECK_XATTR] = "SELECT x.inode, 0, 0 FROM xattr x LEFT JOIN inode i ON i.id = x.inode"
			    " WHERE i.id IS NULL LIMIT $1",
	[SQL_CHECK_XATTRS] = "SELECT i.id, i.xattrs, 0 FROM inode i WHERE (i.xattrs = 0) <>"
			     " (NOT EXISTS (SELECT 1 FROM xattr x WHERE x.inode = i.id)) LIMIT $1",
};

#define INODE                                                                                      \
	{                                                                                          \
		.known = true, .inode = 1                                                          \
	}
#define ENTRY                                                                                      \
	{                                                                                          \
		.known = true, .dir = 1, .name = 2                                                 \
	}
/* of the program's own, or of what no mount has heard of */
#define NOTHING                                                                                    \
	{                                                                                          \
		.known = true                                                                      \
	}

const struct sql_touch sql_touches[SQL_COUNT] = {
	[SQL_SCHEMA_ADD] = NOTHING,
	[SQL_MUTEX_TOUCH] = NOTHING,
	[SQL_INODE_ADD] = NOTHING,
	[SQL_INODE_DELETE] = INODE,
	[SQL_INODE_LINKS] = INODE,
	[SQL_INODE_SET] = INODE,
	[SQL_INODE_BYTES] = INODE,
	[SQL_INODE_TOUCH_PARENTS] = { .known = true, .rows = SQL_INODE_ROWS },
	[SQL_ENTRY_ADD] = ENTRY,
	[SQL_ENTRY_DELETE] = ENTRY,
	[SQL_ENTRY_DELETE_ALL] = { .known = true, .inode = 1, .rows = SQL_ENTRY_ROWS },
	[SQL_ENTRY_MOVE] = { .known = true, .dir = 1, .name = 2, .dir2 = 3, .name2 = 4 },
	[SQL_ENTRY_POINT] = ENTRY,
	[SQL_INODE_XATTRS] = INODE,
	[SQL_XATTR_PUT] = INODE,
	[SQL_XATTR_REMOVE] = INODE,
	[SQL_XATTR_DELETE] = INODE,
	[SQL_CONTENT_ADD] = INODE,
	[SQL_CONTENT_DELETE] = INODE,
	[SQL_CONTENT_NAME] = NOTHING, /* the register's alone */
	[SQL_CONTENT_CLEAR] = INODE,
	[SQL_CONTENT_MTIME] = INODE,
	[SQL_CONTENT_SET] = INODE,
	[SQL_REPLICA_ADD] = INODE,
	[SQL_REPLICA_RECLAIM] = NOTHING,
	[SQL_REPLICA_DELETE] = INODE,
	[SQL_PART_DELETE] = INODE,
	[SQL_RECLAIM_DONE] = NOTHING,
	[SQL_SESSION_OPEN] = NOTHING,
	[SQL_SESSION_PUT] = NOTHING,
	[SQL_SESSION_EXPIRE] = NOTHING,
	[SQL_LOCK_ADD] = NOTHING, /* who waits for a lock asks again */
	[SQL_LOCK_DELETE] = NOTHING,
	[SQL_LOCK_DROP] = NOTHING,
	[SQL_LOCK_SESSION_PUT] = NOTHING,
	[SQL_LOCK_SESSION_RENEW] = NOTHING,
	[SQL_LOCK_SESSION_DROP] = NOTHING,
	[SQL_APPLIED_ADD] = NOTHING,
	[SQL_APPLIED_EXPIRE] = NOTHING,
};
