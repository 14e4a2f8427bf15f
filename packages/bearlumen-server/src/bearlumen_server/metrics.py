"""Counters and histograms for Prometheus. No label holds what a caller chose: there are as many
series as routes times statuses, whatever is sent.
"""  # noqa: D205  # one thought

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .version import VERSION

if TYPE_CHECKING:
    from .ledger.writer import Commit, Writer
    from .observing import Answered
    from .storage import Store

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COMMIT_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
COMMIT_EVENTS: Final = (1, 10, 100, 1000, 5000, 10_000, 20_000)


class Metrics:
    """Those of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        """What was looked up already: half the time of counting is looking up."""
        registry = self._registry
        self._requests = Counter(
            "bearlumen_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "bearlumen_http_request_duration_seconds",
            "From a request's head to the end of its answer.",
            ("method", "route"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._events = Counter(
            "bearlumen_events",
            "Usage events received, by what became of them.",
            ("outcome",),
            registry=registry,
        )
        for outcome in ("accepted", "duplicate", "rejected"):
            self._events.labels(outcome)  # a rate needs the zero before the first
        self._unpriced = Counter(
            "bearlumen_events_unpriced", "Events stored without a cost.", registry=registry
        )
        self._commit_seconds = Histogram(
            "bearlumen_commit_duration_seconds",
            "From taking a group of requests to having it on disk.",
            buckets=COMMIT_SECONDS,
            registry=registry,
        )
        self._commit_events = Histogram(
            "bearlumen_commit_events",
            "Events of one group.",
            buckets=COMMIT_EVENTS,
            registry=registry,
        )
        self._failed_commits = Counter(
            "bearlumen_commits_failed", "Groups that could not be written.", registry=registry
        )
        build = Gauge("bearlumen_build_info", "1.", ("version",), registry=registry)
        build.labels(VERSION).set(1)

    def watch(self, store: Store, writer: Writer) -> None:
        """Show how things stand with these whenever somebody asks."""
        registry = self._registry
        Gauge(
            "bearlumen_queue_events", "Events that wait for the writer.", registry=registry
        ).set_function(lambda: writer.waiting_events)
        Gauge(
            "bearlumen_database_bytes", "Size of the database file.", registry=registry
        ).set_function(lambda: store.sizes().file_bytes)
        Gauge(
            "bearlumen_database_log_bytes",
            "Size of its write-ahead log.",
            registry=registry,
        ).set_function(lambda: store.sizes().log_bytes)

    def answered(self, request: Answered) -> None:
        """Count a request."""
        which = (request.method, request.route, request.status)
        counted = self._counted.get(which)
        if counted is None:
            method, route, status = which
            requests = self._requests.labels(method, route, status)
            counted = self._counted[which] = (requests, self._seconds.labels(method, route))
        requests, seconds = counted
        requests.inc()
        seconds.observe(request.seconds)

    def committed(self, commit: Commit) -> None:
        """Count what the writer did with one group."""
        if commit.failed:
            self._failed_commits.inc()
            return
        self._commit_seconds.observe(commit.seconds)
        self._commit_events.observe(commit.events)
        self._events.labels("accepted").inc(commit.accepted)
        self._events.labels("duplicate").inc(commit.duplicates)
        self._events.labels("rejected").inc(commit.refused)
        self._unpriced.inc(commit.unpriced)

    def rejected(self, events: int) -> None:
        """Count events that the writer never saw."""
        self._events.labels("rejected").inc(events)

    def text(self) -> bytes:
        """Return all of it, in the text format."""
        return generate_latest(self._registry)
