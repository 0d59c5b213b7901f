-- What the list of one's sessions shows, and sessions that last longer, as somebody asked to be remembered. Times are UTC.

ALTER TABLE sessions
  ADD remembered BOOLEAN NOT NULL DEFAULT FALSE,
  ADD use_time DATETIME(3) NULL COMMENT 'refreshed last; null: never',
  ADD idle_expire_time DATETIME(3) NULL COMMENT 'when its refresh token is void if it is not used',
  ADD KEY sessions_user_time (user_id, auth_time, id);

ALTER TABLE mfa_challenges
  ADD remembered BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'of the session that it opens';
