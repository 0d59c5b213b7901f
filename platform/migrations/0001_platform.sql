-- What every service's schema holds for the platform: events out, events in, idempotency keys, audit trail.

-- Columns id to payload are those that Debezium's outbox event router reads.
CREATE TABLE outbox (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  aggregatetype VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregateid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload BLOB NOT NULL COMMENT 'medconnect.events.v1.Event',
  destination VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the service it goes to',
  create_time DATETIME(3) NOT NULL,
  available_time DATETIME(3) NOT NULL COMMENT 'not tried again before',
  refusals INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'how often the consumer could not apply it',
  last_error VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  dead BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'refused too often: left for people, see npm run outbox',
  KEY outbox_due (destination, dead, available_time),
  KEY outbox_aggregate (aggregateid)
);

CREATE TABLE inbox (
  aggregate_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  version BIGINT UNSIGNED NOT NULL COMMENT 'applied last'
);

CREATE TABLE idempotency_keys (
  id BINARY(32) NOT NULL PRIMARY KEY COMMENT 'HMAC of caller, method and key',
  request_hmac BINARY(32) NOT NULL,
  status_code TINYINT UNSIGNED NULL COMMENT 'gRPC status code; null while the first request runs',
  answer MEDIUMBLOB NULL COMMENT 'sealed response or google.rpc.Status',
  expire_time DATETIME(3) NOT NULL,
  KEY idempotency_keys_expired (expire_time)
);

CREATE TABLE audit_events (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  action VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  actor_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject_ids JSON NOT NULL,
  resource VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome ENUM ('SUCCESS', 'DENIED', 'FAILURE') NOT NULL,
  request_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  trace_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  occur_time DATETIME(3) NOT NULL,
  KEY audit_events_time (occur_time, id),
  KEY audit_events_action (action, occur_time, id),
  KEY audit_events_actor (actor_id, occur_time, id),
  KEY audit_events_subject ((CAST(subject_ids AS CHAR(36) ARRAY)))
) COMMENT = 'append-only';
