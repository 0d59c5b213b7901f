-- An event is sent from the table only with a proof that this service wrote it. The release before writes none.

ALTER TABLE outbox
  ADD COLUMN mac BINARY(32) NULL COMMENT 'keyed hash of destination and payload; without it the event is not sent';
