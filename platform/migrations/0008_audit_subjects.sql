-- Keys for reading the trail by subject, newest first, without its own or refused lines. InnoDB derives the columns, so the keys
-- cannot tell less than the lines. Invisible columns are no part of SELECT *, so seals do not cover them.
ALTER TABLE audit_events
  DROP KEY audit_events_subject,
  ADD COLUMN subject_1 CHAR(36) CHARACTER SET ascii COLLATE ascii_bin AS (subject_ids ->> '$[0]') VIRTUAL INVISIBLE,
  ADD COLUMN subject_2 CHAR(36) CHARACTER SET ascii COLLATE ascii_bin
    AS (NULLIF(subject_ids ->> '$[1]', subject_ids ->> '$[0]')) VIRTUAL INVISIBLE,
  ADD COLUMN access_1 ENUM ('OTHERS', 'OWN', 'UNSUCCESSFUL')
    AS (IF(outcome <> 'SUCCESS', 'UNSUCCESSFUL', IF(actor_id = subject_1, 'OWN', 'OTHERS'))) VIRTUAL INVISIBLE,
  ADD COLUMN access_2 ENUM ('OTHERS', 'OWN', 'UNSUCCESSFUL')
    AS (IF(outcome <> 'SUCCESS', 'UNSUCCESSFUL', IF(actor_id = subject_2, 'OWN', 'OTHERS'))) VIRTUAL INVISIBLE,
  ADD KEY audit_events_subject_1 (subject_1, access_1, occur_time, id),
  ADD KEY audit_events_subject_2 (subject_2, access_2, occur_time, id);
