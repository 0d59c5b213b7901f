-- Licences to practise. A claim blocks nobody; (region, number) is unique among verified ones.
CREATE TABLE licenses (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  region VARCHAR(40) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL COMMENT 'ISO 3166-1 or -2; free text in profiles older than this table',
  expire_date DATE NOT NULL COMMENT 'last day of validity, UTC; 9999-12-31: does not end',
  status ENUM ('PENDING', 'VERIFIED', 'REJECTED', 'REVOKED', 'REPLACED') NOT NULL,
  reject_reason VARCHAR(500) NOT NULL DEFAULT '',
  decide_time DATETIME(3) NULL,
  create_time DATETIME(3) NOT NULL,
  verified_claim VARCHAR(81) CHARACTER SET ascii COLLATE ascii_general_ci
    AS (IF(status = 'VERIFIED', CONCAT(region, ' ', number), NULL)) STORED,
  UNIQUE KEY one_verified_claim (verified_claim),
  KEY licenses_by_doctor (doctor_id, status, expire_date),
  KEY licenses_by_age (create_time, id),
  KEY licenses_by_status (status, create_time, id)
);

INSERT INTO licenses (id, doctor_id, number, region, expire_date, status, create_time)
  SELECT UUID(), id, license_number, UPPER(CONVERT(license_region USING ascii)), '9999-12-31', 'PENDING', create_time
  FROM doctors;

-- The columns stay for the release before; nothing reads them any more.
ALTER TABLE doctors
  DROP KEY license_number,
  MODIFY license_number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT '',
  MODIFY license_region VARCHAR(40) NOT NULL DEFAULT '',
  MODIFY verification ENUM ('PENDING', 'VERIFIED', 'REJECTED') NOT NULL DEFAULT 'PENDING',
  ADD COLUMN licensed_until DATE NULL COMMENT 'latest expire_date of verified licences, for hot statements; null: none';
