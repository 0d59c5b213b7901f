-- A published key is one that auth wrote, not one that somebody put into the table.
ALTER TABLE signing_keys
  ADD COLUMN proof VARBINARY(255) NULL COMMENT 'sealed SHA-256 of the row; without it, or with another, the key is refused';
