-- Registrations that wait for their link to be followed: each is an attempt of its own, and none holds the address. Times
-- are UTC. `users.verify_mail_time` and `users.notice_mail_time` are written no more.

CREATE TABLE registrations (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY COMMENT 'of the account that it becomes',
  email VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL COMMENT 'lower-cased; not unique',
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'PHC string',
  full_name VARCHAR(200) CHARACTER SET utf8mb4 NOT NULL,
  role ENUM ('PATIENT', 'DOCTOR') NOT NULL,
  token_hash BINARY(32) NOT NULL COMMENT 'SHA-256 of what its link carries',
  expire_time DATETIME(3) NOT NULL,
  UNIQUE KEY registrations_token (token_hash),
  KEY registrations_email (email),
  KEY registrations_expired (expire_time)
);
