-- Consultations that end without their doctor: closed by an admin, or by the clock as nobody came. The release before
-- writes none of the new values; until its last process has ended, it cannot read one.
ALTER TABLE consultations
  MODIFY COLUMN moved_by ENUM ('PATIENT', 'DOCTOR', 'SERVICE', 'ADMIN') NOT NULL COMMENT 'who brought it to its status',
  MODIFY COLUMN no_show_party ENUM ('PATIENT', 'DOCTOR', 'BOTH') NULL COMMENT 'who was missing',
  ADD COLUMN overdue_time DATETIME(3) NULL COMMENT 'when its doctor was told that it is long over';
