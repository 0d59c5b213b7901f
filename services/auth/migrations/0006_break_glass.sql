-- An admin's right to read one patient's clinical records for a while.
CREATE TABLE break_glass_grants (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  admin_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARBINARY(2560) NOT NULL COMMENT 'sealed',
  create_time DATETIME(3) NOT NULL,
  expire_time DATETIME(3) NOT NULL,
  revoke_time DATETIME(3) NULL COMMENT 'ended before its time',
  KEY break_glass_grants_time (create_time, id),
  KEY break_glass_grants_admin (admin_id, create_time, id),
  KEY break_glass_grants_patient (patient_id, create_time, id)
);
