-- What screens read: bodies with this device's own changes applied, and the columns of lists, so that ten thousand
-- rows are one query and not ten thousand bodies to parse.
CREATE TABLE overlay (
  kind  TEXT NOT NULL,
  id    BLOB NOT NULL,
  visit BLOB NOT NULL,
  body  TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX overlay_visit ON overlay (visit);

CREATE TABLE appointment_list (
  id           BLOB    PRIMARY KEY,
  visit        BLOB    NOT NULL,
  status       INTEGER NOT NULL,
  order_status INTEGER NOT NULL,
  time         INTEGER NOT NULL, -- unix milliseconds
  slot         TEXT    NOT NULL, -- JSON
  name         TEXT    NOT NULL,
  phone_masked TEXT    NOT NULL,
  address      TEXT    NOT NULL,
  categories   TEXT    NOT NULL, -- JSON
  estimate     INTEGER NOT NULL, -- fen
  due          INTEGER,          -- fen
  assignee     BLOB,
  reviews      TEXT    NOT NULL, -- JSON
  sync         TEXT    NOT NULL,
  search       TEXT    NOT NULL  -- lower case
) WITHOUT ROWID;
CREATE INDEX appointment_list_time ON appointment_list (time, id);
CREATE INDEX appointment_list_visit ON appointment_list (visit);

CREATE TABLE order_list (
  id             BLOB    PRIMARY KEY,
  appointment_id BLOB,
  order_no       TEXT    NOT NULL,
  status         INTEGER NOT NULL,
  created_at     INTEGER NOT NULL, -- unix milliseconds
  name           TEXT,
  phone_masked   TEXT,
  categories     TEXT    NOT NULL, -- JSON
  weight         TEXT    NOT NULL, -- kilograms
  due            INTEGER NOT NULL, -- fen
  paid           INTEGER NOT NULL, -- fen
  reviews        TEXT    NOT NULL, -- JSON
  sync           TEXT    NOT NULL,
  search         TEXT    NOT NULL  -- lower case
) WITHOUT ROWID;
CREATE INDEX order_list_created ON order_list (created_at DESC, id DESC);
