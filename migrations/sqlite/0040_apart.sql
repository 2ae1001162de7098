-- What is known of a state and the state itself lie apart: whatever asks for versions, scopes or counts reads no body,
-- and a body is written once, however often its scopes change. Scopes are named once a set, not once a row.
CREATE TABLE scope_sets (
  id     INTEGER PRIMARY KEY,
  scopes TEXT NOT NULL UNIQUE -- in order, a blank between
);
CREATE TABLE bodies (
  id   INTEGER PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE base_apart (
  kind    TEXT    NOT NULL,
  id      BLOB    NOT NULL,
  version INTEGER NOT NULL,
  visit   BLOB,                       -- the order's id, which appointment and order share; null for other kinds
  dropped INTEGER NOT NULL DEFAULT 0, -- 1: left the device's scopes, kept while changes on it are open
  scopes  INTEGER,                    -- of scope_sets; null: held for none
  body    INTEGER NOT NULL,           -- of bodies
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE numbered (
  number INTEGER PRIMARY KEY,
  kind   TEXT NOT NULL,
  id     BLOB NOT NULL,
  scopes TEXT
);
INSERT INTO numbered (kind, id, scopes)
  SELECT b.kind, b.id, m.scopes FROM base b
  LEFT JOIN (SELECT kind, id, group_concat(scope, ' ') AS scopes FROM (SELECT kind, id, scope FROM memberships ORDER BY kind, id, scope) GROUP BY kind, id) m
    ON m.kind = b.kind AND m.id = b.id
  ORDER BY b.kind, b.id;
INSERT INTO scope_sets (scopes) SELECT DISTINCT scopes FROM numbered WHERE scopes IS NOT NULL;
INSERT INTO bodies (id, body) SELECT n.number, b.body FROM numbered n JOIN base b ON b.kind = n.kind AND b.id = n.id;
INSERT INTO base_apart (kind, id, version, visit, dropped, scopes, body)
  SELECT b.kind, b.id, b.version, b.visit, b.dropped, (SELECT s.id FROM scope_sets s WHERE s.scopes = n.scopes), n.number
  FROM numbered n JOIN base b ON b.kind = n.kind AND b.id = n.id;
DROP TABLE numbered;
DROP TABLE memberships;
DROP TABLE base;
ALTER TABLE base_apart RENAME TO base;
CREATE INDEX base_visit ON base (visit) WHERE visit IS NOT NULL;
CREATE INDEX base_dropped ON base (dropped) WHERE dropped = 1;
CREATE INDEX base_loose ON base (kind) WHERE scopes IS NULL;
