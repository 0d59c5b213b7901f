-- Which admin may read which patient's records until when, copied from auth's events.
CREATE TABLE break_glass_grants (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  admin_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  end_time DATETIME(3) NOT NULL COMMENT 'when it ends, or was ended',
  KEY break_glass_grants_of (admin_id, patient_id, end_time)
);
