-- Figures by day (UTC). A change adds a row to daily_additions in its own transaction, so concurrent changes
-- wait for no common row. A job moves these rows into daily_totals. A figure is the sum over both tables.

CREATE TABLE daily_totals (
  day DATE NOT NULL,
  figure VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'medconnect.operations.v1.DailySeries.Figure',
  label VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'role, party or currency; empty: none',
  total BIGINT NOT NULL,
  PRIMARY KEY (day, figure, label)
);

CREATE TABLE daily_additions (
  seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  day DATE NOT NULL,
  figure VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  label VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount BIGINT NOT NULL COMMENT 'negative: a correction'
);
