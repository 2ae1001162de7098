-- Orders live in monthly tables orders_YYYYMM made LIKE this empty one, routed by the id's own time (UTC).
CREATE TABLE IF NOT EXISTS orders_template (
  id BINARY(16) NOT NULL,
  appointment_id BINARY(16) NULL,
  order_no VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version BIGINT NOT NULL,
  status TINYINT UNSIGNED NOT NULL,
  user_id BINARY(16) NULL,
  station_id BINARY(16) NOT NULL,
  collector BINARY(16) NULL,
  seller_name TEXT NULL,
  seller_phone TEXT NULL,
  current_quote BINARY(16) NULL,
  due DECIMAL(12,2) NOT NULL,
  acceptances MEDIUMTEXT NOT NULL,
  weighed_at DATETIME(3) NULL,
  received_at DATETIME(3) NULL,
  void_reason TEXT NULL,
  channel VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  channel_order_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
  mark_version BIGINT NOT NULL,
  mark_writer BINARY(16) NOT NULL,
  mark_foreign BIGINT NOT NULL,
  scope_station BINARY(16) NOT NULL,
  scope_collector BINARY(16) NULL,
  scope_fact BINARY(16) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_order_no (order_no),
  KEY ix_scope_station (scope_station, id),
  KEY ix_scope_collector (scope_collector, id),
  KEY ix_scope_fact (scope_fact, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Which months have a table.
CREATE TABLE IF NOT EXISTS order_months (
  month INT NOT NULL,
  PRIMARY KEY (month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- Orders whose id's time is implausible (a dead clock battery) lie in the month of arrival, found here.
CREATE TABLE IF NOT EXISTS order_routes (
  id BINARY(16) NOT NULL,
  month INT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
