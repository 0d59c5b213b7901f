-- Facts about a doctor's licences that other services and the sweep of bookings go by.
ALTER TABLE doctors
  ADD COLUMN licensing_version INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of the events about it; 0: no licence was ever verified',
  ADD COLUMN licensing_change_time DATETIME(3) NULL COMMENT 'set until bookings have been compared with the change',
  ADD KEY doctors_by_licensing_change (licensing_change_time);
