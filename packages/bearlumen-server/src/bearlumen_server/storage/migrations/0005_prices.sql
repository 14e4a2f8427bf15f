-- An organisation's own prices. A correction retires a row and adds the next version of the same
-- id; nothing is ever removed, so that every price id of an event can be looked up.
CREATE TABLE own_prices (
    org_id VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    provider VARCHAR,
    model VARCHAR NOT NULL,
    service_tier VARCHAR,
    batch BOOLEAN,
    -- NULL holds since ever.
    effective_from TIMESTAMP,
    -- JSON: prices, units, tools, discountPercent and note.
    content VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    -- The key's id; NULL from the command line.
    created_by VARCHAR,
    retired_at TIMESTAMP
);

-- Names that calls go by: deployments, ARNs, inference profiles, fine-tuned models.
CREATE TABLE price_aliases (
    org_id VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    alias VARCHAR NOT NULL,
    provider VARCHAR,
    target_provider VARCHAR,
    target_model VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR,
    retired_at TIMESTAMP
);

-- Runs that rewrote the cost of stored events.
CREATE TABLE recosts (
    org_id VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    number BIGINT NOT NULL,
    -- running, done, undoing or undone.
    status VARCHAR NOT NULL,
    -- JSON: range, time zone and filters.
    question VARCHAR NOT NULL,
    price_version VARCHAR NOT NULL,
    -- JSON: the figures so far, in all, by model and by day.
    figures VARCHAR NOT NULL,
    -- The last event that was looked at; a run that was cut short goes on behind it.
    reached_ts TIMESTAMP,
    reached_id UUID,
    created_at TIMESTAMP NOT NULL,
    created_by VARCHAR,
    finished_at TIMESTAMP,
    undone_at TIMESTAMP,
    undone_by VARCHAR
);

-- What a run did to each event; undoing puts the first three back.
CREATE TABLE recost_changes (
    org_id VARCHAR NOT NULL,
    recost_id VARCHAR NOT NULL,
    event_id UUID NOT NULL,
    ts TIMESTAMP NOT NULL,
    before_cost DECIMAL(18, 12),
    before_source VARCHAR,
    before_price_id VARCHAR,
    after_cost DECIMAL(18, 12),
    after_source VARCHAR,
    after_price_id VARCHAR
);
