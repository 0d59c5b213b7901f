-- A patient may try another card while the provider waits for them to confirm the first.
ALTER TABLE payments
  ADD COLUMN replaced_attempt_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL
    COMMENT 'to be called off at the provider before attempt_id is sent; provider_reference is its reference until then',
  ALGORITHM = INSTANT;
