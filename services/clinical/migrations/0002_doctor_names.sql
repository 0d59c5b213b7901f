-- Public names of doctors, from scheduling's events. Doctors licensed before take the name that patients have seen until now.
ALTER TABLE doctors ADD COLUMN display_name VARCHAR(200) NULL COMMENT 'public name; null: not known';
UPDATE doctors d JOIN people p ON p.user_id = d.doctor_id SET d.display_name = p.full_name;
