"""Every question of the API, with the best SQL by hand for the same answer.

To add one is to add a row. A question that the server does not know yet (404) is skipped, by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

TOTALS = "sum(cost), count(*), count(*) - count(cost)"
TOKENS = (
    "sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens), "
    "sum(reasoning_tokens)"
)
MINE = "org_id = 'org_main' AND ts >= '{start}' AND ts < '{end}'"
"""`{start}` and `{end}` become the days of the question's range, the end exclusive; `{event}` the
id of some event."""
COLUMNS = (
    "event_id, parent_event_id, ts, provider, model, input_tokens, output_tokens, "
    "cache_read_tokens, cache_write_tokens, reasoning_tokens, cost, cost_source, provider_cost, "
    "price_id, end_user, feature, agent, workflow, session_id, session_type, latency_ms, "
    "CAST(units AS JSON), CAST(dims AS JSON), CAST(details AS JSON), CAST(reported AS JSON), "
    "CAST(extra AS JSON)"
)
PAGE = (
    f"SELECT {COLUMNS} FROM events WHERE rowid IN (SELECT rowid FROM events WHERE {MINE} "
    "ORDER BY ts DESC, event_id DESC LIMIT 100 OFFSET {offset}) ORDER BY ts DESC, event_id DESC"
)
COUNT = f"SELECT count(*) FROM events WHERE {MINE}"
SESSIONS = (
    "SELECT session_id, any_value(session_type), any_value(end_user), sum(cost), count(*), "
    f"{TOKENS}, min(ts), max(ts) FROM events WHERE {MINE} AND session_id IS NOT NULL "
    "GROUP BY session_id"
)
SPENT = f"SELECT end_user, sum(cost) AS cost FROM events WHERE {MINE} GROUP BY end_user"
EARNED = (
    f"SELECT end_user, sum(amount) AS revenue FROM revenue_entries WHERE {MINE} GROUP BY end_user"
)
REGION = "CAST(dims['region'] AS VARCHAR)"
SCORE = "CAST(dims['score'] AS DOUBLE)"


def by(column: str, *, more: str = "", limit: str = "") -> str:
    """Return a breakdown."""
    columns = f"{TOTALS}, {more}" if more else TOTALS
    return (
        f"SELECT {column} AS value, {columns} FROM events WHERE {MINE} GROUP BY value "
        f"ORDER BY 2 DESC {limit}"
    )


def over_time(columns: str, *, table: str = "events", more: str = "", also: str = "") -> str:
    """Return a series by day."""
    return (
        f"SELECT date_trunc('day', ts) AS day{more}, {columns} FROM {table} "
        f"WHERE {MINE}{also} GROUP BY ALL ORDER BY ALL"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One question."""

    name: str
    path: str
    sql: tuple[str, ...]
    """What a person would run for the same answer, one after the other."""
    params: dict[str, str] = field(default_factory=dict[str, str])
    days: int = 90
    """Of the range, up to the ledger's end; 0 for a question without one."""
    names: tuple[str, str] = ("startDate", "endDate")
    """Of the range's parameters."""


DETAILED = f"{TOTALS}, {TOKENS}"
BEFORE = "org_id = 'org_main' AND ts >= TIMESTAMP '{start}' - INTERVAL 30 DAY AND ts < '{start}'"
"""The 30 days before the range."""
GROUPS = (
    f"SELECT provider, model, feature, {TOTALS}, sum(cache_read_tokens), "
    "count(CASE WHEN input_tokens >= 1024 THEN 1 END), "
    f"min(CASE WHEN input_tokens >= 1024 THEN input_tokens END) FROM events "
    f"WHERE {MINE} GROUP BY ALL"
)
STANDING_OUT: Final = (
    *(
        f"SELECT {label}, {TOTALS} FROM events WHERE {period} GROUP BY ALL"
        for label in ("feature", "model", "agent", "NULL")
        for period in (MINE, BEFORE)
    ),
    f"WITH c AS MATERIALIZED ({SPENT}), b AS MATERIALIZED ({SPENT.replace(MINE, BEFORE)}), "
    f"r AS ({EARNED}) SELECT * FROM c FULL JOIN b USING (end_user) LEFT JOIN r USING (end_user) "
    "ORDER BY abs(coalesce(c.cost, 0) - coalesce(b.cost, 0)) DESC LIMIT 10",
    over_time(TOTALS, more=", feature, model"),
    GROUPS,
    f"SELECT {TOTALS}, {TOKENS} FROM events WHERE {MINE}",
)
"""Movers, end users at a loss, days and calls that stand out, totals."""
SPREAD: Final = (
    "count({0}), sum({0}), min({0}), max({0}), quantile_cont({0}, [0.5, 0.9, 0.95, 0.99]), "
    "histogram({0}, [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100])"
)
QUESTIONS: Final = (
    Ask(
        name="usage.events, first page of 100",
        path="/v1/usage/events",
        sql=(COUNT, PAGE.replace("{offset}", "0")),
    ),
    Ask(
        name="usage.events, offset 100,000",
        path="/v1/usage/events",
        params={"offset": "100000"},
        sql=(COUNT, PAGE.replace("{offset}", "100000")),
    ),
    Ask(
        name="usage.events, offset 5,000,000",
        path="/v1/usage/events",
        params={"offset": "5000000"},
        sql=(COUNT, PAGE.replace("{offset}", "5000000")),
    ),
    Ask(
        name="usage.summary",
        path="/v1/usage/summary",
        sql=(f"SELECT {TOTALS}, count(DISTINCT end_user), {TOKENS} FROM events WHERE {MINE}",),
    ),
    Ask(
        name="usage.aggregation",
        path="/v1/usage/aggregation",
        sql=(
            "SELECT count(input_tokens), count(output_tokens), "
            "count(*) FILTER (cache_read_tokens > 0), count(*) FILTER (cache_write_tokens > 0), "
            f"count(*) FILTER (reasoning_tokens > 0), {TOKENS} FROM events WHERE {MINE}",
        ),
    ),
    Ask(name="costs.by_model", path="/v1/costs/by-model", sql=(by("model"),)),
    Ask(name="costs.by_model, 30 days", path="/v1/costs/by-model", sql=(by("model"),), days=30),
    Ask(name="costs.by_provider", path="/v1/costs/by-provider", sql=(by("provider"),)),
    Ask(name="costs.by_feature", path="/v1/costs/by-feature", sql=(by("feature"),)),
    Ask(name="costs.by_agent", path="/v1/costs/by-agent", sql=(by("agent"),)),
    Ask(name="costs.by_workflow", path="/v1/costs/by-workflow", sql=(by("workflow"),)),
    Ask(
        name="costs.by_model of one end user",
        path="/v1/costs/by-model",
        params={"externalId": "user-17"},
        sql=(by("model").replace("GROUP BY", "AND end_user = 'user-17' GROUP BY"),),
    ),
    Ask(
        name="costs.by_model of a dimension's value",
        path="/v1/costs/by-model",
        params={"dimension.region": "us"},
        sql=(by("model").replace("GROUP BY", f"AND {REGION} = 'us' GROUP BY"),),
    ),
    Ask(
        name="costs.by_model, a feature and a dimension",
        path="/v1/costs/by-model",
        params={"feature": "feature-3", "dimension.team": "team-7"},
        sql=(
            by("model").replace(
                "GROUP BY",
                "AND feature = 'feature-3' AND CAST(dims['team'] AS VARCHAR) = 'team-7' GROUP BY",
            ),
        ),
    ),
    Ask(name="costs.trend", path="/v1/costs/trend", sql=(over_time(TOTALS),)),
    Ask(
        name="costs.trend, hours of Berlin, 30 days",
        path="/v1/costs/trend",
        params={"granularity": "hour", "timezone": "Europe/Berlin"},
        sql=(over_time(TOTALS).replace("'day'", "'hour'"),),
        days=30,
    ),
    Ask(
        name="costs.summary, 30 days",
        path="/v1/costs/summary",
        sql=(f"SELECT {TOTALS} FROM events WHERE {MINE}",) * 2,
        days=30,
    ),
    Ask(
        name="costs.detailed_by_model",
        path="/v1/costs/detailed/by-model",
        sql=(by("model", more=TOKENS),),
    ),
    Ask(
        name="costs.detailed_by_provider",
        path="/v1/costs/detailed/by-provider",
        sql=(by("provider", more=TOKENS),),
    ),
    Ask(
        name="costs.detailed_by_end_user, first page",
        path="/v1/costs/detailed/by-end-user",
        sql=(
            f"WITH users AS MATERIALIZED (SELECT end_user, sum(cost) AS c, {TOKENS}, count(*) "
            f"FROM events WHERE {MINE} GROUP BY end_user) "
            "SELECT *, sum(c) OVER (), count(*) OVER () FROM users ORDER BY c DESC LIMIT 100",
        ),
    ),
    Ask(
        name="costs.detailed_by_end_user, offset 40,000",
        path="/v1/costs/detailed/by-end-user",
        params={"offset": "40000"},
        sql=(
            f"WITH users AS MATERIALIZED (SELECT end_user, sum(cost) AS c, {TOKENS}, count(*) "
            f"FROM events WHERE {MINE} GROUP BY end_user) SELECT *, sum(c) OVER (), "
            "count(*) OVER () FROM users ORDER BY c DESC LIMIT 100 OFFSET 40000",
        ),
    ),
    Ask(
        name="attribution.by_dimension",
        path="/v1/attribution/by-dimension",
        params={"dimension": "region"},
        sql=(by(REGION),),
    ),
    Ask(
        name="attribution.dimension_keys",
        path="/v1/attribution/dimensions/keys",
        sql=(f"SELECT dim_keys, {TOTALS} FROM events WHERE {MINE} GROUP BY dim_keys",),
    ),
    Ask(
        name="attribution.dimension_values",
        path="/v1/attribution/dimensions/values",
        params={"dimension": "team"},
        sql=(by("CAST(dims['team'] AS VARCHAR)", limit="LIMIT 100"),),
    ),
    Ask(
        name="attribution.time_series",
        path="/v1/attribution/time-series",
        params={"dimension": "region", "granularity": "day"},
        sql=(over_time(TOTALS, more=f", {REGION} AS value"),),
    ),
    Ask(
        name="attribution.agents",
        path="/v1/attribution/agents",
        sql=(
            f"SELECT agent, {TOTALS}, count(DISTINCT session_id), min(ts), max(ts) "
            f"FROM events WHERE {MINE} AND agent IS NOT NULL GROUP BY agent",
        ),
    ),
    Ask(
        name="attribution.workflows",
        path="/v1/attribution/workflows",
        sql=(
            f"SELECT workflow, {TOTALS}, count(DISTINCT session_id), min(ts), max(ts) "
            f"FROM events WHERE {MINE} AND workflow IS NOT NULL GROUP BY workflow",
        ),
    ),
    Ask(
        name="attribution.sessions, 30 days",
        path="/v1/attribution/sessions",
        sql=(
            f"WITH s AS MATERIALIZED ({SESSIONS}) SELECT *, count(*) OVER () FROM s "
            "ORDER BY 4 DESC LIMIT 100",
        ),
        days=30,
    ),
    Ask(
        name="attribution.session_comparison, 30 days",
        path="/v1/attribution/sessions/comparison",
        sql=(
            "SELECT session_type, count(*), sum(c), avg(c), quantile_cont(c, [0.5, 0.95]) FROM "
            f"(SELECT session_id, session_type, sum(cost) AS c FROM events WHERE {MINE} "
            "AND session_id IS NOT NULL GROUP BY ALL) GROUP BY session_type",
        ),
        days=30,
    ),
    Ask(
        name="attribution.session_detail",
        path="/v1/attribution/sessions/s-250-17",
        sql=(
            f"SELECT {COLUMNS} FROM events WHERE org_id = 'org_main' "
            "AND session_id = 's-250-17' ORDER BY ts",
        ),
        days=0,
    ),
    Ask(
        name="dimensions.cost_breakdown",
        path="/v1/dimensions/cost-breakdown",
        params={"key": "region"},
        sql=(by(REGION),),
    ),
    Ask(
        name="dimensions.cost_trend",
        path="/v1/dimensions/cost-trend",
        params={"key": "region"},
        sql=(over_time(TOTALS, more=f", {REGION} AS value"),),
    ),
    Ask(
        name="dimensions.numeric_summary, 30 days",
        path="/v1/dimensions/numeric-summary",
        params={"key": "score"},
        sql=(
            "SELECT count(s), sum(s), avg(s), min(s), max(s), "
            f"quantile_cont(s, [0.5, 0.95, 0.99]) FROM (SELECT {SCORE} AS s FROM events "
            f"WHERE {MINE})",
        ),
        days=30,
    ),
    Ask(
        name="dimensions.numeric_trend, 30 days",
        path="/v1/dimensions/numeric-trend",
        params={"key": "score", "aggregation": "avg"},
        sql=(over_time(f"avg({SCORE}), count({SCORE})"),),
        days=30,
    ),
    Ask(
        name="margins.summary",
        path="/v1/margins/summary",
        sql=(
            f"SELECT {TOTALS} FROM events WHERE {MINE}",
            f"SELECT sum(amount) FROM revenue_entries WHERE {MINE}",
        ),
    ),
    Ask(
        name="margins.by_end_user",
        path="/v1/margins/by-end-user",
        sql=(
            f"WITH c AS ({SPENT}), r AS ({EARNED}) SELECT coalesce(c.end_user, r.end_user), "
            "revenue, cost, coalesce(revenue, 0) - coalesce(cost, 0) AS margin, count(*) OVER () "
            "FROM c FULL JOIN r ON c.end_user = r.end_user ORDER BY margin LIMIT 100",
        ),
    ),
    Ask(
        name="margins.trend",
        path="/v1/margins/trend",
        sql=(
            over_time(TOTALS),
            over_time("sum(amount)", table="revenue_entries"),
        ),
    ),
    Ask(
        name="insights.summary, 30 days",
        path="/v1/insights/summary",
        sql=STANDING_OUT,
        days=30,
        names=("start", "end"),
    ),
    Ask(
        name="insights.summary with distributions, 30 days",
        path="/v1/insights/summary",
        params={"include": "distributions"},
        sql=(
            *STANDING_OUT,
            *(
                f"SELECT {SPREAD.format(name)} FROM events WHERE {MINE}"
                for name in ("cost", "input_tokens + output_tokens", "latency_ms")
            ),
        ),
        days=30,
        names=("start", "end"),
    ),
    Ask(
        name="end_users.list",
        path="/v1/end-users",
        sql=("SELECT 1",),
        days=0,
    ),
    Ask(
        name="prices.explain",
        path="/v1/prices/explain",
        params={"eventId": "{event}"},
        sql=(f"SELECT {COLUMNS} FROM events WHERE org_id = 'org_main' AND event_id = '{{event}}'",),
        days=0,
    ),
    Ask(
        name="prices.missing",
        path="/v1/prices/missing",
        sql=(
            "SELECT provider, model, count(*), min(ts), max(ts) FROM events "
            f"WHERE {MINE} AND cost IS NULL GROUP BY ALL",
        ),
    ),
)
