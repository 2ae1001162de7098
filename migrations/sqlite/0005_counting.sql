-- Counting what is held and comparing versions read no bodies: without this index each touched every page of `base`.
CREATE INDEX base_held ON base (dropped, kind, id, version);
