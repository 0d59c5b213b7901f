-- Mails to send, and the links in them. Times are UTC.

-- A mail that waits to be sent: written with the change that it tells of, deleted once it is sent.
CREATE TABLE mails (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'also in its Message-ID',
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
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

-- What the link in a mail proves: that whoever follows it reads the account's mail.
CREATE TABLE link_tokens (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256',
  user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  purpose ENUM ('VERIFY_EMAIL', 'RESET_PASSWORD') NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  KEY link_tokens_user (user_id, purpose),
  KEY link_tokens_expired (expire_time)
);

-- When an account was mailed something that anybody can ask for, so that nobody floods its owner.
ALTER TABLE users
  ADD verify_mail_time DATETIME(3) NULL COMMENT 'the last link to verify the address',
  ADD reset_mail_time DATETIME(3) NULL COMMENT 'the last link to reset the password',
  ADD notice_mail_time DATETIME(3) NULL COMMENT 'the last notice that the address is registered already';
