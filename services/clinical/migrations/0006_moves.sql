-- Copied from the booking: its patient has not accepted the last move, and cannot be missing.
ALTER TABLE consultations ADD COLUMN move_pending BOOLEAN NOT NULL DEFAULT FALSE AFTER doctor_ready_time;
