-- Schedules: weekly hours of doctors, from which a job makes slots up to the horizon.

CREATE TABLE schedules (
  doctor_id BINARY(16) NOT NULL PRIMARY KEY,
  schedule JSON NOT NULL COMMENT 'medconnect.scheduling.v1.Schedule without etag',
  version INT UNSIGNED NOT NULL,
  update_time DATETIME(3) NOT NULL,
  slots_until DATETIME(3) NOT NULL COMMENT 'slots that begin before are those of this version',
  stale_until DATETIME(3) NOT NULL COMMENT 'slots that begin from slots_until to here may be those of earlier versions',
  due_time DATETIME(3) NOT NULL COMMENT 'when the job has to make slots next',
  zone_rules VARCHAR(16) CHARACTER SET ascii NOT NULL COMMENT 'version of the rules of time zones by which the slots were made, such as 2026c',
  KEY schedules_by_due_time (due_time),
  KEY schedules_by_zone_rules (zone_rules)
);

ALTER TABLE slots
  ADD COLUMN from_schedule BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the schedule made it, and has not removed it',
  ADD COLUMN was_taken BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'a booking has had it, so it is never deleted',
  ADD COLUMN on_release ENUM ('OPEN', 'WITHDRAWN') NOT NULL DEFAULT 'OPEN' COMMENT 'status after its booking; WITHDRAWN: no longer in the schedule';
