-- How often proofs of identity failed: passwords by account and network, and by account; codes by account.
CREATE TABLE failure_counters (
  id BINARY(32) NOT NULL PRIMARY KEY COMMENT 'HMAC of what is counted, whether there is such an account or not',
  failures INT UNSIGNED NOT NULL,
  locked_until DATETIME(3) NULL,
  expire_time DATETIME(3) NOT NULL COMMENT 'means nothing from then on',
  KEY failure_counters_expired (expire_time)
);
