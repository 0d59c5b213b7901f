-- Figures of the bookings made before this migration. Reads without locks, so that nothing waits for it. Bookings have no
-- time of their confirmation: a free one is confirmed when it is created, and the audit trail has the paid ones.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
INSERT INTO daily_totals (day, figure, label, total)
  SELECT DATE(create_time), 'BOOKINGS_CREATED', '', COUNT(*) FROM bookings GROUP BY 1
  UNION ALL
  SELECT day, 'BOOKINGS_CONFIRMED', '', SUM(confirmed) FROM (
    SELECT DATE(create_time) AS day, COUNT(*) AS confirmed FROM bookings WHERE payment_id IS NULL GROUP BY 1
    UNION ALL
    SELECT DATE(occur_time), COUNT(*) FROM audit_events
    WHERE action = 'booking.confirm' AND outcome = 'SUCCESS' GROUP BY 1
  ) counted GROUP BY 1
  UNION ALL
  SELECT DATE(cancel_time), 'BOOKINGS_CANCELLED', cancelled_by, COUNT(*) FROM bookings
  WHERE status = 'CANCELLED' GROUP BY 1, 3
  UNION ALL
  SELECT DATE(update_time), CONCAT('BOOKINGS_', status), '', COUNT(*) FROM bookings
  WHERE status IN ('EXPIRED', 'NO_SHOW') GROUP BY 1, 2;
