-- Regions of patients, ISO 3166: of profiles, copied from auth's events, and as stated when booking. Empty: not known.
ALTER TABLE people
  ADD COLUMN region VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
ALTER TABLE bookings
  ADD COLUMN patient_region VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '';
