-- Each instance keeps the sessions that ended lately in memory and looks for new ones a few times a second.
ALTER TABLE refresh_chains ADD KEY revoked (revoked_at, id);
