-- When a key was last used, to the minute or so; NULL for never, or not since this was kept.
ALTER TABLE api_keys ADD COLUMN last_used_at TIMESTAMP;
-- Written now and then to see whether the file can be.
CREATE TABLE probes (probed_at TIMESTAMP NOT NULL);
INSERT INTO probes VALUES (TIMESTAMP '1970-01-01');
