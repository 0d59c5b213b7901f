-- Booked slots get a class of their own: searches, profiles and lists of free slots no longer walk the booked ones.
ALTER TABLE slots
  DROP KEY slots_by_offer,
  DROP COLUMN offer,
  ADD COLUMN offer ENUM ('FREE', 'BOOKED', 'BLOCKED', 'WITHDRAWN')
    AS (IF(status IN ('OPEN', 'HELD'), 'FREE', status)) VIRTUAL NOT NULL COMMENT 'class that lists and searches read',
  ADD KEY slots_by_offer (doctor_id, offer, start_time, id);
