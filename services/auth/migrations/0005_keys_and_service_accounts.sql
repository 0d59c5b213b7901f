-- Signing keys rotate and can be revoked; internal systems have accounts. Times are UTC.

ALTER TABLE signing_keys
  MODIFY private_key VARBINARY(512) NULL COMMENT 'sealed PKCS #8; deleted once it has retired',
  MODIFY activate_time DATETIME(3) NULL COMMENT 'signs from then on; null for the next key, which is only published',
  ADD COLUMN ready_time DATETIME(3) NULL COMMENT 'every verifier knows it from then on';

ALTER TABLE revocations
  MODIFY session_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'the sid of access tokens, or the kid of a compromised key';

CREATE TABLE service_accounts (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'the client id',
  name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci NOT NULL,
  scopes JSON NOT NULL COMMENT 'list of names, sorted',
  status ENUM ('ACTIVE', 'DISABLED') NOT NULL DEFAULT 'ACTIVE',
  create_time DATETIME(3) NOT NULL,
  UNIQUE KEY service_accounts_name (name),
  KEY service_accounts_time (create_time, id)
);

-- While a secret is rotated, the one before is good as well.
CREATE TABLE service_account_secrets (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  account_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  secret_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of 256 random bits',
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
    COMMENT 'the sid of its access tokens; another one after the account was disabled',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NULL COMMENT 'of a secret that was rotated',
  KEY service_account_secrets_account (account_id),
  KEY service_account_secrets_expired (expire_time)
);
