-- Accounts, sessions, second factors and signing keys. Times are UTC.

CREATE TABLE users (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
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
  UNIQUE KEY users_email (email),
  KEY users_time (create_time, id),
  KEY users_role (role, create_time, id)
);

-- A session is a family of refresh tokens: each is exchanged once for the next.
CREATE TABLE sessions (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'the sid of its access tokens',
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  auth_time DATETIME(3) NOT NULL COMMENT 'when the user proved who they are',
  expire_time DATETIME(3) NOT NULL COMMENT 'however much it is used',
  end_time DATETIME(3) NULL COMMENT 'logged out, disabled, or a refresh token was used twice',
  KEY sessions_user (user_id, end_time),
  KEY sessions_expired (expire_time)
);

CREATE TABLE refresh_tokens (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256',
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'if it is not used',
  use_time DATETIME(3) NULL,
  use_key BINARY(32) NULL COMMENT 'hash of the idempotency key that it was used with',
  successor VARBINARY(255) NULL COMMENT 'the next token, sealed under a key that only this one gives',
  successor_expire_time DATETIME(3) NULL,
  KEY refresh_tokens_session (session_id),
  KEY refresh_tokens_successor (successor_expire_time)
);

-- Sessions that ended while an access token of theirs may still be about.
CREATE TABLE revocations (
  session_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  expire_time DATETIME(3) NOT NULL COMMENT 'when the last of these tokens has expired',
  KEY revocations_expired (expire_time)
);

CREATE TABLE mfa_totp (
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  secret VARBINARY(255) NOT NULL COMMENT 'sealed',
  last_step BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'the time step of the code that was accepted last',
  activate_time DATETIME(3) NULL COMMENT 'null until the first right code'
);

CREATE TABLE mfa_recovery_codes (
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code_hash BINARY(32) NOT NULL COMMENT 'SHA-256',
  PRIMARY KEY (user_id, code_hash)
);

-- A login that waits for its second factor; the MFA token names it.
CREATE TABLE mfa_challenges (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  password_set_time DATETIME(3) NOT NULL COMMENT 'of the password that was shown; another one voids the challenge',
  attempts TINYINT UNSIGNED NOT NULL DEFAULT 0,
  expire_time DATETIME(3) NOT NULL,
  pass_time DATETIME(3) NULL,
  KEY mfa_challenges_expired (expire_time)
);

CREATE TABLE signing_keys (
  kid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'RFC 7638 thumbprint',
  generation INT UNSIGNED NOT NULL COMMENT 'unique, so that of two processes that make the next key one wins',
  public_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'x of the JWK (RFC 8037)',
  private_key VARBINARY(512) NOT NULL COMMENT 'sealed PKCS #8',
  create_time DATETIME(3) NOT NULL,
  activate_time DATETIME(3) NOT NULL COMMENT 'signs from then on',
  retire_time DATETIME(3) NULL COMMENT 'published until then',
  UNIQUE KEY signing_keys_generation (generation)
);
