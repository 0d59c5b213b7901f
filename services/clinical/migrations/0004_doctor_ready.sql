-- Since when the doctor has been waiting: without it no patient counts as missing.
ALTER TABLE consultations ADD COLUMN doctor_ready_time DATETIME(3) NULL AFTER no_show_party;
