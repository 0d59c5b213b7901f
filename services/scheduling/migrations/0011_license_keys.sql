-- A licence's number is compared by its letters and digits, in any case: X-123, x.123 and X123 are one. No release had verified
-- licences before, so none collide.
ALTER TABLE licenses
  DROP KEY one_verified_claim,
  DROP COLUMN verified_claim,
  ADD COLUMN number_key VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin
    AS (UPPER(REGEXP_REPLACE(number, '[^0-9A-Za-z]', ''))) STORED;
ALTER TABLE licenses
  ADD COLUMN verified_claim VARCHAR(81) CHARACTER SET ascii COLLATE ascii_bin
    AS (IF(status = 'VERIFIED', CONCAT(UPPER(region), ' ', number_key), NULL)) STORED,
  ADD UNIQUE KEY one_verified_claim (verified_claim);

-- Profiles older than licences may name a territory by its second code; it has one here, that of ISO 3166-1 (platform/regions.ts).
UPDATE licenses SET region = CASE region
    WHEN 'FI-01' THEN 'AX'
    WHEN 'FR-971' THEN 'GP' WHEN 'FR-972' THEN 'MQ' WHEN 'FR-973' THEN 'GF' WHEN 'FR-974' THEN 'RE' WHEN 'FR-976' THEN 'YT'
    WHEN 'NL-BQ1' THEN 'BQ-BO' WHEN 'NL-BQ2' THEN 'BQ-SA' WHEN 'NL-BQ3' THEN 'BQ-SE'
    WHEN 'NO-21' THEN 'SJ' WHEN 'NO-22' THEN 'SJ'
    ELSE SUBSTRING(region, 4) END
  WHERE region IN ('CN-HK', 'CN-MO', 'CN-TW', 'FI-01', 'FR-971', 'FR-972', 'FR-973', 'FR-974', 'FR-976', 'FR-BL', 'FR-MF',
    'FR-NC', 'FR-PF', 'FR-PM', 'FR-TF', 'FR-WF', 'NL-AW', 'NL-BQ1', 'NL-BQ2', 'NL-BQ3', 'NL-CW', 'NL-SX', 'NO-21', 'NO-22',
    'US-AS', 'US-GU', 'US-MP', 'US-PR', 'US-UM', 'US-VI');
