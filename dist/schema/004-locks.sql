-- Advisory locks of mounts: of flock(2) (is_flock 1, the whole file) and fcntl(2). The inode may be gone already: an open
-- file stays. owner: whom the mount's kernel means. Bytes first_byte to last_byte, both included.
CREATE TABLE file_lock (
	inode BIGINT NOT NULL,
	is_flock BIGINT NOT NULL,
	session TEXT NOT NULL,
	owner BIGINT NOT NULL,
	first_byte BIGINT NOT NULL,
	last_byte BIGINT NOT NULL,
	is_write BIGINT NOT NULL,
	pid BIGINT NOT NULL,
	PRIMARY KEY (inode, is_flock, session, owner, first_byte)
) @CLUSTERED@;
CREATE INDEX file_lock_session ON file_lock (session);

-- A mount that holds locks says so every few seconds; one that does not for LOCK_LEASE may lose them to others.
CREATE TABLE lock_session (
	session TEXT NOT NULL PRIMARY KEY,
	expires BIGINT NOT NULL
) @CLUSTERED@;
