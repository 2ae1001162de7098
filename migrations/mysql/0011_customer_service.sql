-- Messages to customers (code and parameters; worded when read), consents to WeChat's subscription messages (one
-- consent is one message), and customers' stars.
CREATE TABLE IF NOT EXISTS messages (
  id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  appointment_id BINARY(16) NULL,
  code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  params TEXT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_user (user_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS subscriptions (
  user_id BINARY(16) NOT NULL,
  template VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  credits INT UNSIGNED NOT NULL,
  refused INT UNSIGNED NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (user_id, template)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS ratings (
  appointment_id BINARY(16) NOT NULL,
  user_id BINARY(16) NOT NULL,
  stars TINYINT UNSIGNED NOT NULL,
  text TEXT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (appointment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
