-- Role of each user, so that only a doctor's prescriptions are listed as a doctor's. NULL until auth's next event.
ALTER TABLE people ADD COLUMN role ENUM ('PATIENT', 'DOCTOR', 'ADMIN') CHARACTER SET ascii COLLATE ascii_bin NULL;
