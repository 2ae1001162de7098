-- Which visits came through which key: what a partner may see. A table of its own, so that the customers' bookings pay
-- for no index more.
CREATE TABLE IF NOT EXISTS open_visits (
  app_key BINARY(16) NOT NULL,
  appointment_id BINARY(16) NOT NULL,
  order_id BINARY(16) NOT NULL,
  PRIMARY KEY (app_key, appointment_id),
  UNIQUE KEY uk_order (order_id),
  UNIQUE KEY uk_appointment (appointment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
