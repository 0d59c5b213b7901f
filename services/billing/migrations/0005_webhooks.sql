-- Events that providers told us of, so that one that comes twice is asked about once.
CREATE TABLE webhook_events (
  provider VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  receive_time DATETIME(3) NOT NULL,
  PRIMARY KEY (provider, event_id),
  KEY webhook_events_by_time (receive_time)
);
