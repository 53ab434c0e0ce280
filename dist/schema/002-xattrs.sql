-- Which extended attributes an inode has (common/xattr.h), so that nobody asks for those of an inode without.
ALTER TABLE inode ADD COLUMN xattrs BIGINT NOT NULL DEFAULT 0;
