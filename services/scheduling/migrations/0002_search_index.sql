-- Folded texts (doctors/fold.ts), which SQL cannot make: a job fills them in wherever the index is stale. Whoever changes
-- a text without the index, such as the release before, makes it stale.
ALTER TABLE doctors
  ADD COLUMN name_key VARBINARY(64) NOT NULL DEFAULT '' COMMENT 'beginning of the folded name: the order of lists',
  ADD COLUMN specialty_key VARBINARY(320) NOT NULL DEFAULT '' COMMENT 'the folded specialty',
  ADD COLUMN text_hash BINARY(32)
    AS (UNHEX(SHA2(CONCAT_WS('\n', display_name, specialty, bio), 256))) STORED NOT NULL,
  ADD COLUMN indexed_hash BINARY(32) NULL COMMENT 'text_hash of the text that keys and words were made of',
  ADD COLUMN is_index_stale BOOLEAN AS (NOT (text_hash <=> indexed_hash)) STORED NOT NULL,
  ADD KEY doctors_by_name_key (name_key, id),
  ADD KEY doctors_by_specialty_key (specialty_key, name_key, id),
  ADD KEY doctors_by_staleness (is_index_stale);

-- Compared byte by byte: the fold makes equal what is to be equal.
ALTER TABLE doctor_words MODIFY word VARBINARY(160) NOT NULL;
