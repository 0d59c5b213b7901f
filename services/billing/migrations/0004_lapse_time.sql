ALTER TABLE payments
  ADD COLUMN lapse_time DATETIME(3) NULL COMMENT 'when the provider lets go of what is authorized' AFTER authorize_time,
  ADD KEY payments_lapsing (status, lapse_time);

-- Charges from before it was told when they lapse are taken to do so after the stub's default.
ALTER TABLE stub_charges
  ADD COLUMN lapse_time DATETIME(3) NULL COMMENT 'voided from then on, unless captured';
UPDATE stub_charges SET lapse_time = settle_time + INTERVAL 7 DAY;
ALTER TABLE stub_charges MODIFY lapse_time DATETIME(3) NOT NULL COMMENT 'voided from then on, unless captured';
UPDATE payments SET lapse_time = authorize_time + INTERVAL 7 DAY WHERE status = 'AUTHORIZED';
