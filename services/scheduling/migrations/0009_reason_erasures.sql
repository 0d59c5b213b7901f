-- Expired bookings whose reason is kept until no payment can confirm them any more: at their start, at the latest.
CREATE TABLE reason_erasures (
  booking_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  due_time DATETIME(3) NOT NULL,
  KEY reason_erasures_by_time (due_time)
);

INSERT INTO reason_erasures (booking_id, due_time)
  SELECT id, start_time FROM bookings WHERE status = 'EXPIRED' AND reason IS NOT NULL;
