-- Which visits name a picture, written with the visit: who may see it is who may see one of these.
CREATE TABLE IF NOT EXISTS blob_names (
  sha256 BINARY(32) NOT NULL,
  order_id BINARY(16) NOT NULL,
  PRIMARY KEY (sha256, order_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
