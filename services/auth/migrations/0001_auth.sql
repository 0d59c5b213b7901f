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
  version INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'grows with each change that the account shows',
  create_time DATETIME(3) NOT NULL,
  verify_mail_time DATETIME(3) NULL COMMENT 'the last link to verify the address',
  reset_mail_time DATETIME(3) NULL COMMENT 'the last link to reset the password',
  notice_mail_time DATETIME(3) NULL COMMENT 'the last notice that the address is registered already',
  region VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '' COMMENT 'ISO 3166; empty: not told',
  account_proof BINARY(32) NULL COMMENT 'keyed hash of id, address and role',
  password_proof BINARY(32) NULL COMMENT 'keyed hash of id and password hash',
  UNIQUE KEY users_email (email),
  KEY users_time (create_time, id),
  KEY users_role (role, create_time, id)
);

-- A session is a family of refresh tokens: each is exchanged once for the next.
CREATE TABLE sessions (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'the sid of its access tokens',
  user_id BINARY(16) NOT NULL,
  auth_time DATETIME(3) NOT NULL COMMENT 'when the user proved who they are',
  expire_time DATETIME(3) NOT NULL COMMENT 'however much it is used',
  end_time DATETIME(3) NULL COMMENT 'logged out, disabled, or a refresh token was used twice',
  remembered BOOLEAN NOT NULL DEFAULT FALSE,
  use_time DATETIME(3) NULL COMMENT 'refreshed last; null: never',
  idle_expire_time DATETIME(3) NULL COMMENT 'when its refresh token is void if it is not used',
  client VARBINARY(1024) NULL COMMENT 'sealed for user_id: network address and user agent',
  live_user_id BINARY(16) AS (IF(end_time IS NULL, user_id, NULL)) VIRTUAL,
  KEY sessions_user (user_id, end_time),
  KEY sessions_expired (expire_time),
  KEY sessions_user_time (user_id, auth_time, id),
  KEY sessions_live (live_user_id, auth_time, id)
);

CREATE TABLE refresh_tokens (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256',
  session_id BINARY(16) NOT NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'if it is not used',
  use_time DATETIME(3) NULL,
  use_key BINARY(32) NULL COMMENT 'hash of the idempotency key that it was used with',
  successor VARBINARY(255) NULL COMMENT 'the next token, sealed under a key that only this one gives',
  successor_expire_time DATETIME(3) NULL,
  proof BINARY(32) NULL COMMENT 'keyed hash of the row and its session; without it the token is refused',
  KEY refresh_tokens_session (session_id),
  KEY refresh_tokens_successor (successor_expire_time)
);

-- Sessions that ended while an access token of theirs may still be valid, and compromised keys.
CREATE TABLE revocations (
  session_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY
    COMMENT 'the sid of access tokens, or the kid of a compromised key',
  expire_time DATETIME(3) NOT NULL COMMENT 'when the last of these tokens has expired',
  KEY revocations_expired (expire_time)
);

CREATE TABLE mfa_totp (
  user_id BINARY(16) NOT NULL PRIMARY KEY,
  secret VARBINARY(255) NOT NULL COMMENT 'sealed',
  last_step BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the time step of the code that was accepted last',
  activate_time DATETIME(3) NULL COMMENT 'null until the first right code'
);

CREATE TABLE mfa_recovery_codes (
  user_id BINARY(16) NOT NULL,
  code_hash BINARY(32) NOT NULL COMMENT 'SHA-256',
  proof BINARY(32) NULL COMMENT 'keyed hash of the row; without it the code is refused',
  PRIMARY KEY (user_id, code_hash)
);

-- A login that waits for its second factor; the MFA token names it.
CREATE TABLE mfa_challenges (
  id BINARY(16) NOT NULL PRIMARY KEY,
  user_id BINARY(16) NOT NULL,
  password_set_time DATETIME(3) NOT NULL COMMENT 'of the password that was shown; another one voids the challenge',
  attempts TINYINT UNSIGNED NOT NULL DEFAULT 0,
  expire_time DATETIME(3) NOT NULL,
  pass_time DATETIME(3) NULL,
  remembered BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'of the session that it opens',
  KEY mfa_challenges_expired (expire_time)
);

-- Auth publishes and uses only keys with a valid proof that it wrote their row.
CREATE TABLE signing_keys (
  kid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'RFC 7638 thumbprint',
  generation INT UNSIGNED NOT NULL COMMENT 'unique, so that of two processes that make the next key one wins',
  public_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'x of the JWK (RFC 8037)',
  private_key VARBINARY(512) NULL COMMENT 'sealed PKCS #8; deleted once it has retired',
  create_time DATETIME(3) NOT NULL,
  activate_time DATETIME(3) NULL COMMENT 'signs from then on; null for the next key, which is only published',
  retire_time DATETIME(3) NULL COMMENT 'published until then',
  ready_time DATETIME(3) NULL COMMENT 'every verifier knows it from then on',
  proof VARBINARY(255) NULL COMMENT 'sealed SHA-256 of the row; without it, or with another, the key is refused',
  UNIQUE KEY signing_keys_generation (generation)
);

-- Failed proofs of identity: passwords by account and network, and by account; codes by account.
CREATE TABLE failure_counters (
  id BINARY(32) NOT NULL PRIMARY KEY COMMENT 'HMAC of what is counted, whether there is such an account or not',
  failures INT UNSIGNED NOT NULL,
  locked_until DATETIME(3) NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'means nothing from then on',
  KEY failure_counters_expired (expire_time)
);

-- A mail that waits to be sent: written with the change that it tells of, deleted once it is sent.
CREATE TABLE mails (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'also in its Message-ID',
  user_id BINARY(16) NOT NULL,
  template VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  content VARBINARY(1024) NOT NULL COMMENT 'sealed: the address, and what fills the template',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'says nothing of use from then on',
  available_time DATETIME(3) NOT NULL COMMENT 'not tried before: a lease, or the pause after a failure',
  tries SMALLINT UNSIGNED NOT NULL DEFAULT 0,
  last_error VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  dead BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'failed too often, or for good: left for people',
  KEY mails_due (dead, available_time),
  KEY mails_expired (expire_time)
);

-- Tokens of links in mails. A link proves that its follower reads the account's mail.
CREATE TABLE link_tokens (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256',
  user_id BINARY(16) NOT NULL,
  purpose ENUM ('VERIFY_EMAIL', 'RESET_PASSWORD') NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  proof BINARY(32) NULL COMMENT 'keyed hash of the row; without it the link is refused',
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

-- While a secret is rotated, the one before is good as well.
CREATE TABLE service_account_secrets (
  id BINARY(16) NOT NULL PRIMARY KEY,
  account_id BINARY(16) NOT NULL,
  secret_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of 256 random bits',
  session_id BINARY(16) NOT NULL COMMENT 'the sid of its access tokens; another one after the account was disabled',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NULL COMMENT 'of a secret that was rotated',
  proof BINARY(32) NULL COMMENT 'keyed hash of account and secret; without it the secret is refused',
  KEY service_account_secrets_account (account_id),
  KEY service_account_secrets_expired (expire_time)
);

-- An admin's right to read one patient's clinical records for a while.
CREATE TABLE break_glass_grants (
  id BINARY(16) NOT NULL PRIMARY KEY,
  admin_id BINARY(16) NOT NULL,
  patient_id BINARY(16) NOT NULL,
  reason VARBINARY(2560) NOT NULL COMMENT 'sealed for admin_id, patient_id',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  revoke_time DATETIME(3) NULL COMMENT 'ended before its time',
  KEY break_glass_grants_time (create_time, id),
  KEY break_glass_grants_admin (admin_id, create_time, id),
  KEY break_glass_grants_patient (patient_id, create_time, id)
);

-- Registrations that wait for their link to be followed. Each is an attempt of its own; none reserves the address.
CREATE TABLE registrations (
  id BINARY(16) NOT NULL PRIMARY KEY COMMENT 'of the account that it becomes',
  email VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL COMMENT 'lower-cased; not unique',
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PHC string',
  full_name VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL,
  role ENUM ('PATIENT', 'DOCTOR') NOT NULL,
  token_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of what its link carries',
  expire_time DATETIME(3) NOT NULL,
  proof BINARY(32) NULL COMMENT 'keyed hash of token, id, address and role; without it the link is refused',
  UNIQUE KEY registrations_token (token_hash),
  KEY registrations_email (email),
  KEY registrations_expired (expire_time)
);
