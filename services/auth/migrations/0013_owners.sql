-- A sealed text opens only for the people of its row.

ALTER TABLE break_glass_grants
  MODIFY reason VARBINARY(2560) NOT NULL COMMENT 'sealed for admin_id, patient_id';
ALTER TABLE sessions
  MODIFY client VARBINARY(1024) NULL COMMENT 'sealed for user_id: network address and user agent';
