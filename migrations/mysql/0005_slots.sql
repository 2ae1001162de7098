-- Pick-up slots: templates by weekday (0 = Monday), and a day's slots made from them when first looked at.
-- taken is raised by a conditional UPDATE, so that two bookings cannot both take the last place.
CREATE TABLE IF NOT EXISTS slot_templates (
  station_id BINARY(16) NOT NULL,
  weekday TINYINT UNSIGNED NOT NULL,
  start CHAR(5) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  end CHAR(5) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  capacity INT UNSIGNED NOT NULL,
  PRIMARY KEY (station_id, weekday, start)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS slots (
  station_id BINARY(16) NOT NULL,
  date DATE NOT NULL,
  start CHAR(5) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  end CHAR(5) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  capacity INT UNSIGNED NOT NULL,
  taken INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (station_id, date, start)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
