-- Changes that may be applied only once, whatever came after them. Small: forgotten after a day.
CREATE TABLE applied (
	content BIGINT NOT NULL,
	stamp BIGINT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (content, stamp)
) @CLUSTERED@;
CREATE INDEX applied_at ON applied (at);
