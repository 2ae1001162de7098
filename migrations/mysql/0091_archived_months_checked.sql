-- Since when a month that is being taken out is known to be what its archive holds: from then on its rows go.
ALTER TABLE archived_months ADD COLUMN checked_at DATETIME(3) NULL;
