-- Times are UTC. A label, count or cost that nobody sent is NULL, never '' or 0.
-- There is no key on event_id: it doubles the file and makes random ids 5 times slower at 10 M
-- rows. The writer keeps (org_id, event_id) unique; see storage/duckdb.py.
CREATE TABLE events (
    org_id VARCHAR NOT NULL,
    event_id UUID NOT NULL,
    ts TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    provider VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cache_read_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    reasoning_tokens BIGINT NOT NULL,
    cost DECIMAL(18, 12),
    cost_source VARCHAR,
    price_id VARCHAR,
    end_user VARCHAR,
    feature VARCHAR,
    agent VARCHAR,
    workflow VARCHAR,
    session_id VARCHAR,
    session_type VARCHAR,
    units VARIANT NOT NULL,
    dims VARIANT NOT NULL,
    details VARIANT NOT NULL,
    extra VARIANT NOT NULL
);

-- What was reported, one row a revenue id.
CREATE TABLE revenue (
    org_id VARCHAR NOT NULL,
    revenue_id VARCHAR NOT NULL,
    end_user VARCHAR NOT NULL,
    amount DECIMAL(28, 12) NOT NULL,
    currency VARCHAR NOT NULL,
    starts_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP,
    received_at TIMESTAMP NOT NULL
);

-- The same amounts as they fall in time, at most one entry a UTC day: margins are plain sums.
CREATE TABLE revenue_entries (
    org_id VARCHAR NOT NULL,
    revenue_id VARCHAR NOT NULL,
    end_user VARCHAR NOT NULL,
    ts TIMESTAMP NOT NULL,
    amount DECIMAL(28, 12) NOT NULL
);

CREATE TABLE api_keys (
    id VARCHAR NOT NULL,
    org_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    prefix VARCHAR NOT NULL,
    secret_hash VARCHAR NOT NULL,
    scopes VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP
);
