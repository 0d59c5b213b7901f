-- A refund that had succeeded may come back from the patient's bank. Its money is then booked back, once: so a
-- movement is named by what moved the money and how.
ALTER TABLE ledger_entries
  MODIFY kind ENUM ('CAPTURE', 'REFUND', 'REFUND_REVERSAL') NOT NULL,
  DROP PRIMARY KEY,
  ADD PRIMARY KEY (transaction_id, kind, account);
