-- Figures of the accounts created before this migration. Reads without locks, so that nothing waits for it.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
INSERT INTO daily_totals (day, figure, label, total)
  SELECT DATE(create_time), 'REGISTRATIONS', role, COUNT(*) FROM users GROUP BY 1, 3;
