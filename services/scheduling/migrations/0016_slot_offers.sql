-- Class of a slot that booking does not change, so that it costs booking nothing. Searches, profiles and lists of slots read one
-- class only: a doctor can make any number of blocked and withdrawn slots.
ALTER TABLE slots
  ADD COLUMN offer ENUM ('OFFERED', 'BLOCKED', 'WITHDRAWN')
    AS (CASE status WHEN 'BLOCKED' THEN 'BLOCKED' WHEN 'WITHDRAWN' THEN 'WITHDRAWN' ELSE 'OFFERED' END) VIRTUAL NOT NULL,
  ADD KEY slots_by_offer (doctor_id, offer, start_time, id);
