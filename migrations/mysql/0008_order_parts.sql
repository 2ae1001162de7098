-- Final quotes (every one ever made), the priced lines of the current one, payments and refunds. position keeps the
-- order in which the rules saw them.
CREATE TABLE IF NOT EXISTS quotes (
  id BINARY(16) NOT NULL,
  order_id BINARY(16) NOT NULL,
  position INT UNSIGNED NOT NULL,
  by_staff BINARY(16) NOT NULL,
  at DATETIME(3) NOT NULL,
  body MEDIUMTEXT NOT NULL,
  PRIMARY KEY (id),
  KEY ix_order (order_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS order_lines (
  order_id BINARY(16) NOT NULL,
  line INT UNSIGNED NOT NULL,
  category VARCHAR(191) COLLATE utf8mb4_bin NOT NULL,
  quantity DECIMAL(18,6) NULL,
  unit_price DECIMAL(20,10) NULL,
  amount DECIMAL(12,2) NOT NULL,
  PRIMARY KEY (order_id, line)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS payments (
  id BINARY(16) NOT NULL,
  order_id BINARY(16) NOT NULL,
  position INT UNSIGNED NOT NULL,
  method VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  at DATETIME(3) NOT NULL,
  by_staff BINARY(16) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_order (order_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS refunds (
  id BINARY(16) NOT NULL,
  order_id BINARY(16) NOT NULL,
  position INT UNSIGNED NOT NULL,
  payment_id BINARY(16) NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  at DATETIME(3) NOT NULL,
  by_staff BINARY(16) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_order (order_id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
