-- npm run audit:verify tells by these that auth wrote an account's address, role and password. The release before writes none.

ALTER TABLE users
  ADD COLUMN account_proof BINARY(32) NULL COMMENT 'keyed hash of id, address and role',
  ADD COLUMN password_proof BINARY(32) NULL COMMENT 'keyed hash of id and password hash';
