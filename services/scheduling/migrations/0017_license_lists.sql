-- Keys for lists of licences in the order of their pages.
ALTER TABLE licenses
  ADD KEY licenses_by_doctor_age (doctor_id, create_time, id),
  ADD KEY licenses_by_region (region, create_time, id);
