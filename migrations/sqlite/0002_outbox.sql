-- What was done here: every command with the exact bytes that are sent, its verdict, and the journal of verdicts,
-- which outlives the commands.
CREATE TABLE mutations (
  id             INTEGER PRIMARY KEY, -- dense from 1
  uid            BLOB    NOT NULL UNIQUE,
  name           TEXT    NOT NULL,
  actor          BLOB    NOT NULL,
  visit          BLOB,                -- the order's id
  appointment_id BLOB,
  made_at        INTEGER NOT NULL,    -- trusted time, unix milliseconds
  bytes          TEXT    NOT NULL,
  context        TEXT    NOT NULL,    -- role and station of the actor then, for the overlay
  outcome        TEXT,                -- null while unanswered
  retired        INTEGER NOT NULL DEFAULT 0, -- 1: the base contains its effect
  open           INTEGER NOT NULL DEFAULT 0, -- 1: refused and not dealt with
  answered_at    INTEGER
);
CREATE INDEX mutations_visit ON mutations (visit);
CREATE INDEX mutations_unanswered ON mutations (id) WHERE outcome IS NULL;
CREATE INDEX mutations_unretired ON mutations (id) WHERE retired = 0;
CREATE INDEX mutations_open ON mutations (id) WHERE open = 1;

CREATE TABLE journal (
  id          INTEGER PRIMARY KEY, -- the mutation's
  uid         BLOB    NOT NULL,
  name        TEXT    NOT NULL,
  verdict     TEXT    NOT NULL,
  answered_at INTEGER NOT NULL
);
