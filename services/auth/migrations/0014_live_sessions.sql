-- Key for the list of a user's sessions, without those that have ended.
ALTER TABLE sessions
  ADD COLUMN live_user_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin AS (IF(end_time IS NULL, user_id, NULL)) VIRTUAL,
  ADD KEY sessions_live (live_user_id, auth_time, id);
