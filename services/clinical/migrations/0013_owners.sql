-- A sealed text opens only for the people of its row, and a grant counts only with a proof that clinical wrote its row.

ALTER TABLE consultations
  MODIFY notes MEDIUMBLOB NULL COMMENT 'sealed for patient_id, doctor_id',
  MODIFY abandon_reason VARBINARY(4096) NULL COMMENT 'sealed for patient_id, doctor_id';
ALTER TABLE prescriptions
  MODIFY content MEDIUMBLOB NOT NULL COMMENT 'sealed for patient_id, doctor_id',
  MODIFY items MEDIUMBLOB NOT NULL COMMENT 'sealed for patient_id, doctor_id; JSON',
  MODIFY end_reason VARBINARY(4096) NULL COMMENT 'sealed for patient_id, doctor_id';
ALTER TABLE addenda
  ADD COLUMN patient_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL AFTER consultation_id,
  ADD COLUMN doctor_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL AFTER patient_id,
  MODIFY text MEDIUMBLOB NOT NULL COMMENT 'sealed for consultation_id, patient_id, doctor_id';
ALTER TABLE break_glass_grants
  ADD COLUMN proof BINARY(32) NULL COMMENT 'keyed hash of the row; without it the grant is refused';
