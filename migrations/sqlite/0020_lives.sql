-- A store may live several lives (incarnations): when the server and it no longer agree about numbers, what waits gets
-- new ones from 1, and what was answered in earlier lives keeps its order at 0 and below. The journal therefore goes by
-- the command's identity, and a verdict that a restored server has forgotten stays in it, superseded.
CREATE TABLE journal_by_uid (
  seq         INTEGER PRIMARY KEY,
  incarnation INTEGER NOT NULL,
  id          INTEGER NOT NULL,   -- the mutation's number then
  uid         BLOB    NOT NULL,
  name        TEXT    NOT NULL,
  verdict     TEXT    NOT NULL,
  answered_at INTEGER NOT NULL,
  superseded  INTEGER NOT NULL DEFAULT 0
);
INSERT INTO journal_by_uid (incarnation, id, uid, name, verdict, answered_at)
  SELECT coalesce((SELECT value FROM meta WHERE key = 'incarnation'), 1), id, uid, name, verdict, answered_at FROM journal ORDER BY id;
DROP TABLE journal;
ALTER TABLE journal_by_uid RENAME TO journal;
CREATE UNIQUE INDEX journal_uid ON journal (uid) WHERE superseded = 0;
-- All that was ever made may have been sent.
INSERT INTO meta (key, value) SELECT 'sent', value FROM meta WHERE key = 'last_id';
