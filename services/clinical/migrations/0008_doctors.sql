-- Licensing of doctors, copied from scheduling's events.
CREATE TABLE doctors (
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  licensed_until DATE NULL COMMENT 'last day of the verified licences, UTC; null: none'
);
