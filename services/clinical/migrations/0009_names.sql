-- Names as they were when the consultation ended, or the prescription was issued. NULL until then, and in rows from
-- before: today's name is shown.
ALTER TABLE consultations
  ADD COLUMN patient_name VARCHAR(200) NULL,
  ADD COLUMN doctor_name VARCHAR(200) NULL;
ALTER TABLE prescriptions
  ADD COLUMN patient_name VARCHAR(200) NULL,
  ADD COLUMN doctor_name VARCHAR(200) NULL;
