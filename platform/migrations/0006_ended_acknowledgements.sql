-- A finding that was gone and came back may be acknowledged again.
ALTER TABLE audit_acknowledgements DROP PRIMARY KEY, ADD PRIMARY KEY (finding_id, create_time);
