-- Pictures (signatures, photos of goods) by the SHA-256 of their bytes. `sent` is how much of one the server has
-- confirmed; one that is up is kept for 30 days from `uploaded_at` and then removed. `refused` is the code of a server
-- that will never take it. The bytes come last, so that counting does not read them.
CREATE TABLE blobs (
  sha256      TEXT    PRIMARY KEY CHECK (length(sha256) = 64),
  type        TEXT    NOT NULL,
  size        INTEGER NOT NULL,
  made_at     INTEGER NOT NULL,
  sent        INTEGER NOT NULL DEFAULT 0,
  uploaded_at INTEGER,
  refused     TEXT,
  bytes       BLOB    NOT NULL
);
CREATE INDEX blobs_waiting ON blobs (uploaded_at, made_at);
