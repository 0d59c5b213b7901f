-- Restores that no operator has confirmed. While there is one, the service sends nothing outside: no events, mails or calls that
-- change something at the payment provider.
CREATE TABLE unconfirmed_restores (
  id BINARY(16) NOT NULL PRIMARY KEY,
  moment DATETIME(3) NOT NULL COMMENT 'the data is as it was then',
  create_time DATETIME(3) NOT NULL,
  ready_time DATETIME(3) NULL COMMENT 'null: billing has not asked its provider about all open payments'
);
