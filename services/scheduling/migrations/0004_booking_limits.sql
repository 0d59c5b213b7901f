-- Limits of a schedule that decide whether a slot can be booked.

ALTER TABLE doctors
  ADD COLUMN minimum_notice INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'time between a booking and its start at least, in seconds',
  ADD COLUMN max_per_day INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'held and booked slots a day; 0: no limit',
  ADD COLUMN max_per_week INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'held and booked slots from Monday to Sunday; 0: no limit';

ALTER TABLE slots
  ADD COLUMN local_day DATE NOT NULL DEFAULT (DATE(start_time)) COMMENT 'day of the start in the time zone of the schedule';
