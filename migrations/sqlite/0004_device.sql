-- The device itself: who it is, who signed in here, preferences, drafts that survive a kill. `secrets` is used only
-- where a given key stands in for the OS keyring; the file is encrypted as a whole.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE people (
  id         BLOB    PRIMARY KEY,
  username   TEXT    NOT NULL,
  body       TEXT    NOT NULL, -- JSON
  signed_in_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL
);

CREATE TABLE drafts (
  key        TEXT    PRIMARY KEY,
  body       TEXT    NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE secrets (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
