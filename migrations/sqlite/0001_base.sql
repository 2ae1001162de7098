-- What the server last said: one row an aggregate, the scopes it is held for, and pages of a pull that is not
-- complete yet (they survive a restart, so that a long first sync over a bad line ends some day).
CREATE TABLE base (
  kind    TEXT    NOT NULL,
  id      BLOB    NOT NULL,
  version INTEGER NOT NULL,
  visit   BLOB,                       -- the order's id, which appointment and order share; null for other kinds
  dropped INTEGER NOT NULL DEFAULT 0, -- 1: left the device's scopes, kept while changes on it are open
  body    TEXT    NOT NULL,
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX base_visit ON base (visit) WHERE visit IS NOT NULL;
CREATE INDEX base_dropped ON base (dropped) WHERE dropped = 1;

CREATE TABLE memberships (
  kind  TEXT NOT NULL,
  id    BLOB NOT NULL,
  scope TEXT NOT NULL,
  PRIMARY KEY (kind, id, scope),
  FOREIGN KEY (kind, id) REFERENCES base (kind, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX memberships_scope ON memberships (scope);

CREATE TABLE staging (
  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
  page TEXT NOT NULL
);
