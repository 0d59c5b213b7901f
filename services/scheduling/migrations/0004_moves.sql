-- The last move of a booking. Where its patient has not accepted it, cancelling and moving are free for the patient.
ALTER TABLE bookings
  ADD COLUMN moved_by ENUM ('PATIENT', 'DOCTOR', 'ADMIN') NULL,
  ADD COLUMN move_time DATETIME(3) NULL,
  ADD COLUMN previous_start_time DATETIME(3) NULL COMMENT 'the start that the patient had accepted last',
  ADD COLUMN move_pending BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the patient has not accepted the move yet';
