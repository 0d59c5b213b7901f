-- Which prescriptions an order stops is decided when it is heard: the doctor may be licensed again before they are stopped.
-- The release before writes none; its orders then reach to their own time.
ALTER TABLE doctors ADD COLUMN stop_until DATETIME(3) NULL COMMENT 'prescriptions issued until then are stopped' AFTER stop_time;
UPDATE doctors SET stop_until = IF(licensed_until IS NULL OR licensed_until < DATE(stop_heard_time),
  GREATEST(stop_time, stop_heard_time), stop_time) WHERE stop_heard_time IS NOT NULL;
