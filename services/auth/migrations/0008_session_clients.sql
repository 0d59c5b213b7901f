-- Where a session was used last, for its user to know it again by.
ALTER TABLE sessions
  ADD client VARBINARY(1024) NULL COMMENT 'sealed: network address and user agent';
