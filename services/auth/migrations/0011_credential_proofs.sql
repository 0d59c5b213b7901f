-- A stored credential counts only with a proof that auth wrote its row for this owner. The release before writes none.

ALTER TABLE refresh_tokens
  ADD COLUMN proof BINARY(32) NULL COMMENT 'keyed hash of the row and its session; without it the token is refused';
ALTER TABLE link_tokens
  ADD COLUMN proof BINARY(32) NULL COMMENT 'keyed hash of the row; without it the link is refused';
ALTER TABLE registrations
  ADD COLUMN proof BINARY(32) NULL COMMENT 'keyed hash of token, id, address and role; without it the link is refused';
ALTER TABLE mfa_recovery_codes
  ADD COLUMN proof BINARY(32) NULL COMMENT 'keyed hash of the row; without it the code is refused';
ALTER TABLE service_account_secrets
  ADD COLUMN proof BINARY(32) NULL COMMENT 'keyed hash of account and secret; without it the secret is refused';

-- Short-lived: users sign in again, and ask for another link. Recovery codes and secrets get proofs at the next start.
TRUNCATE TABLE refresh_tokens;
TRUNCATE TABLE link_tokens;
TRUNCATE TABLE registrations;
