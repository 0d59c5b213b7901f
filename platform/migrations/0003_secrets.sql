-- Keys of the service's own that stay the same while DATA_KEY is rotated.
CREATE TABLE secrets (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  value VARBINARY(255) NOT NULL COMMENT 'sealed'
);
