-- What doctors add to the notes of completed consultations. Nothing is taken back.
CREATE TABLE addenda (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  consultation_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  text MEDIUMBLOB NOT NULL COMMENT 'sealed',
  create_time DATETIME(3) NOT NULL,
  KEY addenda_by_consultation (consultation_id, create_time, id)
) COMMENT 'append-only';
