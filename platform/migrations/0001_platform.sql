-- Platform tables in the schema of every service: outbox, inbox, idempotency keys, audit trail, secrets.
-- Times are UTC. Ids are BINARY(16), and BIN_TO_UUID(id) shows them. Exceptions are text: ids in columns that another
-- system reads, and in columns that also hold ids of other systems.

-- The outbox event router of Debezium can read the columns from id to payload.
CREATE TABLE outbox (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  aggregatetype VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  aggregateid CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  type VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  payload BLOB NOT NULL COMMENT 'medconnect.events.v1.Event',
  destination VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'consuming service',
  create_time DATETIME(3) NOT NULL,
  available_time DATETIME(3) NOT NULL COMMENT 'time of the next attempt; end of a lease',
  refusals INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'number of failed attempts by the consumer',
  last_error VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  dead BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'refused too often; an operator decides by npm run outbox',
  mac BINARY(32) NULL COMMENT 'HMAC of destination and payload; an event without it is not sent',
  KEY outbox_due (destination, dead, available_time),
  KEY outbox_aggregate (aggregateid)
);

CREATE TABLE inbox (
  aggregate_id BINARY(16) NOT NULL PRIMARY KEY,
  version BIGINT UNSIGNED NOT NULL COMMENT 'last applied version'
);

CREATE TABLE idempotency_keys (
  id BINARY(32) NOT NULL PRIMARY KEY COMMENT 'HMAC of caller, method and key',
  request_hmac BINARY(32) NOT NULL,
  status_code TINYINT UNSIGNED NULL COMMENT 'gRPC status code; null while the first request runs',
  answer MEDIUMBLOB NULL COMMENT 'encrypted response or google.rpc.Status',
  expire_time DATETIME(3) NOT NULL,
  KEY idempotency_keys_expired (expire_time)
);

-- The indexes by subject serve reads of the newest lines about a subject. Such reads skip the subject's own
-- actions, and unsuccessful actions. InnoDB computes the columns subject_* and access_*, so they always match
-- the line. These columns are invisible, so SELECT * omits them, and seals do not cover them.
CREATE TABLE audit_events (
  id BINARY(16) NOT NULL PRIMARY KEY,
  action VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  actor_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'user id, or a name such as service:NAME',
  subject_ids JSON NOT NULL,
  resource VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  outcome ENUM ('SUCCESS', 'DENIED', 'FAILURE') NOT NULL,
  request_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  trace_id CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  occur_time DATETIME(3) NOT NULL,
  grant_id BINARY(16) NULL COMMENT 'break-glass grant that allowed the read',
  subject_1 CHAR(36) CHARACTER SET ascii COLLATE ascii_bin AS (subject_ids ->> '$[0]') VIRTUAL INVISIBLE,
  subject_2 CHAR(36) CHARACTER SET ascii COLLATE ascii_bin
    AS (NULLIF(subject_ids ->> '$[1]', subject_ids ->> '$[0]')) VIRTUAL INVISIBLE,
  access_1 ENUM ('OTHERS', 'OWN', 'UNSUCCESSFUL')
    AS (IF(outcome <> 'SUCCESS', 'UNSUCCESSFUL', IF(actor_id = subject_1, 'OWN', 'OTHERS'))) VIRTUAL INVISIBLE,
  access_2 ENUM ('OTHERS', 'OWN', 'UNSUCCESSFUL')
    AS (IF(outcome <> 'SUCCESS', 'UNSUCCESSFUL', IF(actor_id = subject_2, 'OWN', 'OTHERS'))) VIRTUAL INVISIBLE,
  KEY audit_events_time (occur_time, id),
  KEY audit_events_action (action, occur_time, id),
  KEY audit_events_actor (actor_id, occur_time, id),
  KEY audit_events_subject_1 (subject_1, access_1, occur_time, id),
  KEY audit_events_subject_2 (subject_2, access_2, occur_time, id)
) COMMENT = 'append-only';

-- Keys that the service generated. They stay the same when DATA_KEY is rotated.
CREATE TABLE secrets (
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  value VARBINARY(255) NOT NULL COMMENT 'encrypted'
);

-- Seals of the audit trail: a hash chain that makes it tamper-evident.
CREATE TABLE audit_seals (
  seq BIGINT UNSIGNED NOT NULL PRIMARY KEY COMMENT 'from 1, without gaps',
  event_id BINARY(16) NOT NULL,
  key_id CHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'id of the AUDIT_KEY',
  hmac BINARY(32) NOT NULL COMMENT 'over the previous seal, seq and the event; see platform/audit/audit-chain.ts',
  UNIQUE KEY audit_seals_event (event_id)
) COMMENT = 'append-only';

-- Checkpoints: heads of the audit chain of another service. This service is the witness that stores them.
CREATE TABLE audit_checkpoints (
  service VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'owner of the chain',
  seq BIGINT UNSIGNED NOT NULL,
  hmac BINARY(32) NOT NULL COMMENT 'of the seal with this number',
  create_time DATETIME(3) NOT NULL,
  PRIMARY KEY (service, seq, hmac)
) COMMENT = 'append-only';

-- Acknowledgements of findings of the audit check. If a finding ends and later comes back, it may get another
-- acknowledgement.
CREATE TABLE audit_acknowledgements (
  finding_id CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(500) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL COMMENT 'free text of the operator',
  create_time DATETIME(3) NOT NULL,
  hmac BINARY(32) NOT NULL COMMENT 'of the row, under AUDIT_KEY; a row without a valid one is ignored',
  PRIMARY KEY (finding_id, create_time)
) COMMENT = 'append-only';
