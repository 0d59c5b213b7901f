-- Accounts, sessions, second factors, signing keys, mails and grants. Times are UTC.

CREATE TABLE users (
  id BINARY(16) NOT NULL PRIMARY KEY,
  email VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL COMMENT 'lower-cased',
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PHC string',
  password_set_time DATETIME(3) NOT NULL,
  full_name VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL,
  role ENUM ('PATIENT', 'DOCTOR', 'ADMIN') NOT NULL,
  status ENUM ('ACTIVE', 'DISABLED') NOT NULL DEFAULT 'ACTIVE',
  email_verified BOOLEAN NOT NULL DEFAULT FALSE,
  date_of_birth DATE NULL,
  phone VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  time_zone VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  locale VARCHAR(35) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  version INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'grows with each visible change',
  create_time DATETIME(3) NOT NULL,
  reset_mail_time DATETIME(3) NULL COMMENT 'time of the last reset link',
  region VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'ISO 3166; empty: not given',
  account_proof BINARY(32) NULL COMMENT 'keyed hash of id, address and role',
  password_proof BINARY(32) NULL COMMENT 'keyed hash of id and password hash',
  UNIQUE KEY users_email (email),
  KEY users_time (create_time, id),
  KEY users_role (role, create_time, id)
);

-- A session is a chain of refresh tokens. Each token is exchanged once for the next token.
CREATE TABLE sessions (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'the sid of its access tokens',
  user_id BINARY(16) NOT NULL,
  auth_time DATETIME(3) NOT NULL COMMENT 'time of sign-in',
  expire_time DATETIME(3) NOT NULL COMMENT 'absolute end, independent of use',
  end_time DATETIME(3) NULL COMMENT 'by logout, disabling, or reuse of a refresh token',
  remembered BOOLEAN NOT NULL DEFAULT FALSE,
  use_time DATETIME(3) NULL COMMENT 'last refresh; null: none',
  idle_expire_time DATETIME(3) NULL COMMENT 'expiry of its unused refresh token',
  client VARBINARY(1024) NULL COMMENT 'encrypted for user_id: IP address and user agent',
  live_user_id BINARY(16) AS (IF(end_time IS NULL, user_id, NULL)) VIRTUAL,
  KEY sessions_user (user_id, end_time),
  KEY sessions_expired (expire_time),
  KEY sessions_user_time (user_id, auth_time, id),
  KEY sessions_live (live_user_id, auth_time, id)
);

CREATE TABLE refresh_tokens (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256',
  session_id BINARY(16) NOT NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'of the unused token',
  use_time DATETIME(3) NULL,
  use_key BINARY(32) NULL COMMENT 'hash of the idempotency key of its use',
  successor VARBINARY(255) NULL COMMENT 'the next token, encrypted under this one',
  successor_expire_time DATETIME(3) NULL,
  proof BINARY(32) NULL COMMENT 'keyed hash of the row and its session; a token without it is refused',
  KEY refresh_tokens_session (session_id),
  KEY refresh_tokens_successor (successor_expire_time)
);

-- Revocations of ended sessions, whose access tokens may not have expired, and of compromised signing keys.
CREATE TABLE revocations (
  session_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY
    COMMENT 'the sid of access tokens, or the kid of a compromised key',
  expire_time DATETIME(3) NOT NULL COMMENT 'expiry of the last access token',
  KEY revocations_expired (expire_time)
);

CREATE TABLE mfa_totp (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  secret VARBINARY(255) NOT NULL COMMENT 'encrypted',
  last_step BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'time step of the last accepted code',
  activate_time DATETIME(3) NULL COMMENT 'null: pending'
);

CREATE TABLE mfa_recovery_codes (
  user_id BINARY(16) NOT NULL,
  code_hash BINARY(32) NOT NULL COMMENT 'SHA-256',
  proof BINARY(32) NULL COMMENT 'keyed hash of the row; a code without it is refused',
  PRIMARY KEY (user_id, code_hash)
);

-- Logins that wait for their second factor. The MFA token of a login contains the id of its row.
CREATE TABLE mfa_challenges (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  password_set_time DATETIME(3) NOT NULL COMMENT 'of the verified password; another one voids the challenge',
  attempts TINYINT UNSIGNED NOT NULL DEFAULT 0,
  expire_time DATETIME(3) NOT NULL,
  pass_time DATETIME(3) NULL,
  remembered BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'for the session that it opens',
  KEY mfa_challenges_expired (expire_time)
);

-- Keys that sign access tokens. Auth uses and publishes only the keys that have a valid proof.
CREATE TABLE signing_keys (
  kid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'RFC 7638 thumbprint',
  generation INT UNSIGNED NOT NULL COMMENT 'unique, so that only one of two processes makes the next key',
  public_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'x of the JWK (RFC 8037)',
  private_key VARBINARY(512) NULL COMMENT 'encrypted PKCS #8; null once the key has retired',
  create_time DATETIME(3) NOT NULL,
  activate_time DATETIME(3) NULL COMMENT 'it signs from then on; null: only published',
  retire_time DATETIME(3) NULL COMMENT 'it is published until then',
  ready_time DATETIME(3) NULL COMMENT 'every verifier knows it from then on',
  proof VARBINARY(255) NULL COMMENT 'encrypted SHA-256 of the row; a key without it is refused',
  UNIQUE KEY signing_keys_generation (generation)
);

-- Counters that limit guessing. Failed passwords and registrations have counters per e-mail address and
-- network, and per e-mail address alone. Failed codes have a counter per account.
CREATE TABLE failure_counters (
  id BINARY(32) NOT NULL PRIMARY KEY COMMENT 'HMAC of the counted account or address, known or unknown',
  failures INT UNSIGNED NOT NULL,
  locked_until DATETIME(3) NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'the failures count until then',
  KEY failure_counters_expired (expire_time)
);

-- Queued mails. A mail is inserted in the transaction of the change that it reports, and deleted once it is
-- sent.
CREATE TABLE mails (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'also in its Message-ID',
  user_id BINARY(16) NOT NULL,
  template VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content VARBINARY(1024) NOT NULL COMMENT 'encrypted: the address and the values of the template',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'not sent after this',
  available_time DATETIME(3) NOT NULL COMMENT 'end of a lease, or of the pause after a failure',
  tries SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  last_error VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  dead BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'failed permanently; an operator decides',
  KEY mails_due (dead, available_time),
  KEY mails_expired (expire_time)
);

-- Tokens of mailed links. Following a link proves access to the mailbox.
CREATE TABLE link_tokens (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256',
  user_id BINARY(16) NOT NULL,
  purpose ENUM ('RESET_PASSWORD') NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  proof BINARY(32) NULL COMMENT 'keyed hash of the row; a link without it is refused',
  KEY link_tokens_user (user_id, purpose),
  KEY link_tokens_expired (expire_time)
);

-- Accounts of internal systems.
CREATE TABLE service_accounts (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'the client id',
  name VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci NOT NULL,
  scopes JSON NOT NULL COMMENT 'list of names, sorted',
  status ENUM ('ACTIVE', 'DISABLED') NOT NULL DEFAULT 'ACTIVE',
  create_time DATETIME(3) NOT NULL,
  UNIQUE KEY service_accounts_name (name),
  KEY service_accounts_time (create_time, id)
);

-- Secrets of service accounts. After a rotation, the previous secret stays valid until expire_time.
CREATE TABLE service_account_secrets (
  id BINARY(16) NOT NULL PRIMARY KEY,
  account_id BINARY(16) NOT NULL,
  secret_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of 256 random bits',
  session_id BINARY(16) NOT NULL COMMENT 'the sid of its access tokens; replaced when the account is disabled',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NULL COMMENT 'end of a rotated secret',
  proof BINARY(32) NULL COMMENT 'keyed hash of account and secret; a secret without it is refused',
  KEY service_account_secrets_account (account_id),
  KEY service_account_secrets_expired (expire_time)
);

-- An admin's temporary right to read one patient's clinical records.
CREATE TABLE break_glass_grants (
  id BINARY(16) NOT NULL PRIMARY KEY,
  admin_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  reason VARBINARY(2560) NOT NULL COMMENT 'encrypted for admin_id, patient_id',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  revoke_time DATETIME(3) NULL COMMENT 'revoked before its expiry',
  KEY break_glass_grants_time (create_time, id),
  KEY break_glass_grants_admin (admin_id, create_time, id),
  KEY break_glass_grants_patient (patient_id, create_time, id)
);

-- Registrations that wait for a click on the mailed link. Several may have the same address; the first one
-- that is confirmed becomes the account.
CREATE TABLE registrations (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'id of the account that it becomes',
  email VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL COMMENT 'lower-cased; not unique',
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PHC string',
  full_name VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL,
  role ENUM ('PATIENT', 'DOCTOR') NOT NULL,
  token_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of its link token',
  expire_time DATETIME(3) NOT NULL,
  proof BINARY(32) NULL COMMENT 'keyed hash of token, id, address and role; a link without it is refused',
  UNIQUE KEY registrations_token (token_hash),
  KEY registrations_email (email),
  KEY registrations_expired (expire_time)
);
