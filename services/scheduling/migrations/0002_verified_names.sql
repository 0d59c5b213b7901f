-- Names that admins verified with licences. Licences verified before take the name that patients have seen until now.
ALTER TABLE licenses
  ADD COLUMN verified_name VARCHAR(200) COLLATE utf8mb4_0900_bin NULL COMMENT 'of the account, at the last verification',
  ADD COLUMN rename_time DATETIME(3) NULL COMMENT 'since when a verified licence has another name than its account',
  ADD COLUMN awaits_decision BOOLEAN
    AS (status = 'PENDING' OR (status = 'VERIFIED' AND rename_time IS NOT NULL)) VIRTUAL NOT NULL,
  ADD KEY licenses_by_waiting (awaits_decision, create_time, id);
UPDATE licenses l JOIN doctors d ON d.id = l.doctor_id SET l.verified_name = d.display_name WHERE l.status = 'VERIFIED';
