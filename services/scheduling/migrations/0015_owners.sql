-- A sealed text opens only for the people of its row.

ALTER TABLE bookings
  MODIFY reason VARBINARY(8192) NULL COMMENT 'sealed for patient_id, doctor_id',
  MODIFY cancel_reason VARBINARY(2048) NULL COMMENT 'sealed for patient_id, doctor_id',
  MODIFY close_reason VARBINARY(2048) NULL COMMENT 'sealed for patient_id, doctor_id';
ALTER TABLE licenses
  MODIFY reject_reason VARBINARY(2048) NULL COMMENT 'sealed for doctor_id';
