-- Public keys of service accounts, and the assertions that they have signed.

CREATE TABLE service_account_keys (
  account_id BINARY(16) NOT NULL,
  kid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  jwk VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'public JSON Web Key',
  session_id BINARY(16) NOT NULL COMMENT 'the sid of its access tokens; replaced when the account is disabled',
  create_time DATETIME(3) NOT NULL,
  proof BINARY(32) NULL COMMENT 'keyed hash of account and key; a key without it is refused',
  PRIMARY KEY (account_id, kid)
);

-- Used assertions, so that each is accepted once (RFC 7523).
CREATE TABLE used_assertions (
  id BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the client id and the jti',
  expire_time DATETIME(3) NOT NULL COMMENT 'every process refuses the assertion as expired from then on',
  KEY used_assertions_expired (expire_time)
);
