-- A sealed text opens only for the payment of its row.

ALTER TABLE refunds
  MODIFY reason VARBINARY(2100) NOT NULL COMMENT 'sealed for payment_id';
ALTER TABLE payment_attempts
  MODIFY payment_method VARBINARY(256) NULL COMMENT 'sealed for payment_id; forgotten once the attempt has ended';
