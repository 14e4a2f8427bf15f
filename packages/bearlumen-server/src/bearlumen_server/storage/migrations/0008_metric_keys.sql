-- What an event reports beside its token columns, as a sorted JSON array of `usage.<kind>`,
-- `tool_calls.<name>` and `units.<name>`, NULL without any. There are few different ones, so that
-- only quantities that are there are added up: looking for one that is not takes 10 times as long.
ALTER TABLE events ADD COLUMN metric_keys VARCHAR;
UPDATE events SET metric_keys = found.keys FROM (
    SELECT rowid AS row_number, CAST(to_json(list_sort(list_concat(
        [concat('usage.', name) FOR name IN json_keys(details) IF suffix(name, '_tokens')],
        [concat('tool_calls.', name) FOR name IN coalesce(json_keys(details, '$.tool_calls'), [])],
        [concat('units.', name) FOR name IN json_keys(units)]
    ))) AS VARCHAR) AS keys
    FROM (SELECT rowid, CAST(details AS JSON) AS details, CAST(units AS JSON) AS units FROM events)
        AS texts
    WHERE len(json_keys(details)) > 0 OR len(json_keys(units)) > 0
) AS found WHERE events.rowid = found.row_number AND found.keys <> '[]';
