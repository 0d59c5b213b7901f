-- Figures of the consultations and prescriptions before this migration. Reads without locks, so that nothing waits for it.
-- A consultation that an admin completed has no end of its own, so its appointment's end counts.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
INSERT INTO daily_totals (day, figure, label, total)
  SELECT DATE(COALESCE(ended_time, end_time)), 'CONSULTATIONS_COMPLETED', '', COUNT(*) FROM consultations
  WHERE status = 'COMPLETED' GROUP BY 1
  UNION ALL
  SELECT DATE(issue_time), 'PRESCRIPTIONS_ISSUED', '', COUNT(*) FROM prescriptions GROUP BY 1;
