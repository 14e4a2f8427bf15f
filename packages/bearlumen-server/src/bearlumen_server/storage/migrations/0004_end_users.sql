-- Who is served: made by whoever tells about them, or by their first event or revenue. The key is
-- small beside the events, and makes "insert the unknown ones" a matter of microseconds.
CREATE TABLE end_users (
    org_id VARCHAR NOT NULL,
    external_id VARCHAR NOT NULL,
    name VARCHAR,
    email VARCHAR,
    metadata VARCHAR NOT NULL DEFAULT '{}',
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    deactivated_at TIMESTAMP,
    PRIMARY KEY (org_id, external_id)
);
INSERT INTO end_users (org_id, external_id, created_at, updated_at)
SELECT org_id, end_user, min(received_at), min(received_at)
FROM (SELECT org_id, end_user, received_at FROM events WHERE end_user IS NOT NULL
      UNION ALL SELECT org_id, end_user, received_at FROM revenue WHERE end_user IS NOT NULL)
GROUP BY org_id, end_user;

-- The custom dimensions an organisation has described; events may have others.
CREATE TABLE dimension_definitions (
    org_id VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    label VARCHAR,
    description VARCHAR,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (org_id, key)
);
