-- Booked slots get a class of their own: searches, profiles and lists of free slots no longer walk the booked ones. The class is stored,
-- because InnoDB checks conditions within a key (ICP) only if no column of it is virtual; so past free slots are passed over quickly.
ALTER TABLE slots
  DROP KEY slots_by_offer,
  DROP COLUMN offer,
  ADD COLUMN offer ENUM ('FREE', 'BOOKED', 'BLOCKED', 'WITHDRAWN')
    AS (IF(status IN ('OPEN', 'HELD'), 'FREE', status)) STORED NOT NULL COMMENT 'class that lists and searches read',
  ADD KEY slots_by_offer (doctor_id, offer, start_time, id);
