-- The tree, the register and where the bytes are. Times are ns since 1970 UTC, but for created_at.

CREATE SEQUENCE @POSTGRES@ inode_id AS BIGINT START WITH 2;

-- One row a file, directory, link …; id is the inode number and, for files, the content's id. Never used again.
CREATE TABLE inode (
	id @INODE_ID@,
	mode BIGINT NOT NULL,
	uid BIGINT NOT NULL,
	gid BIGINT NOT NULL,
	nlink BIGINT NOT NULL,
	size BIGINT NOT NULL DEFAULT 0,
	rdev BIGINT NOT NULL DEFAULT 0,
	atime BIGINT NOT NULL,
	mtime BIGINT NOT NULL,
	ctime BIGINT NOT NULL,
	target @BYTES@
);

CREATE TABLE dentry (
	parent BIGINT NOT NULL,
	name @BYTES@ NOT NULL,
	inode BIGINT NOT NULL,
	PRIMARY KEY (parent, name)
) @CLUSTERED@;
CREATE INDEX dentry_inode ON dentry (inode, parent, name);

-- The register. stamp is the version of the bytes, NULL when there are none; uri is of records made by hand.
CREATE TABLE content (
	id @CONTENT_ID@,
	filename TEXT,
	size BIGINT NOT NULL DEFAULT 0,
	created_at @TIME@ NOT NULL DEFAULT @NOW@,
	status TEXT NOT NULL DEFAULT 'OK',
	uri TEXT,
	stamp BIGINT,
	etag TEXT NOT NULL DEFAULT '',
	content_type TEXT,
	mtime BIGINT NOT NULL DEFAULT 0
);
-- Two stamps can be equal by chance, two versions cannot.
CREATE UNIQUE INDEX content_version ON content (stamp, etag) WHERE stamp IS NOT NULL;

CREATE TABLE part (
	content BIGINT NOT NULL,
	part BIGINT NOT NULL,
	stamp BIGINT NOT NULL,
	size BIGINT NOT NULL,
	etag TEXT NOT NULL,
	PRIMARY KEY (content, part)
) @CLUSTERED@;

-- Which node has which version of a part.
CREATE TABLE replica (
	content BIGINT NOT NULL,
	part BIGINT NOT NULL,
	node TEXT NOT NULL,
	stamp BIGINT NOT NULL,
	state TEXT NOT NULL DEFAULT 'OK',
	PRIMARY KEY (content, part, node)
) @CLUSTERED@;

-- Blobs that a node may take out of service.
CREATE TABLE reclaim (
	seq @SERIAL@,
	node TEXT NOT NULL,
	content BIGINT NOT NULL,
	part BIGINT NOT NULL,
	stamp BIGINT NOT NULL
);
CREATE INDEX reclaim_node ON reclaim (node, seq);

CREATE TABLE xattr (
	inode BIGINT NOT NULL,
	name @BYTES@ NOT NULL,
	value @BYTES@ NOT NULL,
	PRIMARY KEY (inode, name)
) @CLUSTERED@;

CREATE TABLE node (
	name TEXT NOT NULL PRIMARY KEY,
	uri TEXT NOT NULL,
	internal TEXT NOT NULL,
	state TEXT NOT NULL,
	seen BIGINT NOT NULL DEFAULT 0,
	memory BIGINT NOT NULL DEFAULT 0,
	storage BIGINT NOT NULL DEFAULT 0,
	max_storage BIGINT NOT NULL DEFAULT 0
) @CLUSTERED@;

-- The last batch of each slot of each mount and its answer. Small: forgotten when not used.
CREATE TABLE session (
	id TEXT NOT NULL,
	slot BIGINT NOT NULL,
	seq BIGINT NOT NULL,
	host TEXT NOT NULL DEFAULT '',
	used BIGINT NOT NULL,
	reply @BYTES@,
	PRIMARY KEY (id, slot)
) @CLUSTERED@;

CREATE TABLE lease (
	directory BIGINT NOT NULL,
	session TEXT NOT NULL,
	mode TEXT NOT NULL,
	expires BIGINT NOT NULL,
	PRIMARY KEY (directory, session)
) @CLUSTERED@;

-- Rows to lock: 'rename' is the tree's rename lock, 'sync' is touched to make earlier commits durable.
CREATE TABLE mutex (
	name TEXT NOT NULL PRIMARY KEY,
	taken BIGINT NOT NULL DEFAULT 0
) @CLUSTERED@;
INSERT INTO mutex (name) VALUES ('rename'), ('sync');

INSERT INTO inode (id, mode, uid, gid, nlink, atime, mtime, ctime)
	VALUES (1, 16877, 0, 0, 2, @NOW_NS@, @NOW_NS@, @NOW_NS@);
