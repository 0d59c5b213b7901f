-- The settler puts settle_time off with each try: how long something is overdue, only this tells.
ALTER TABLE payments
  ADD COLUMN due_since DATETIME(3) NULL COMMENT 'since when the step has been left to do; null where there is none' AFTER settle_tries;
UPDATE payments SET due_since = settle_time WHERE settle_time IS NOT NULL;
