-- Ids of revenue that was removed with its end user, so that a resend is still a duplicate. An id
-- may say who paid ("invoice-acme-7"), so its SHA-256 is kept.
CREATE TABLE gone_revenue (org_id VARCHAR NOT NULL, revenue_hash VARCHAR NOT NULL);
-- That end users were erased, and whether their bytes have left the file yet; not who they were.
CREATE TABLE erasures (
    org_id VARCHAR NOT NULL,
    mode VARCHAR NOT NULL,
    erased_at TIMESTAMP NOT NULL,
    events BIGINT NOT NULL,
    revenue BIGINT NOT NULL,
    compacted_at TIMESTAMP
);
