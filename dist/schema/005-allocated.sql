-- Bytes of a content that are data, without its holes. NULL: all of them, or its node did not tell.
ALTER TABLE content ADD COLUMN allocated BIGINT;
