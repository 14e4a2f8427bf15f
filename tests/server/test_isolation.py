"""No organisation ever sees anything of another, whatever it asks.

Every route is driven, also one that is added later: what it takes is read off its declaration in
`api/openapi/operations`. A route that stores something needs a row in `SEEDS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.helpers import AT, MARCH, Api, event, uuid7

from bearlumen_server.api import wire
from bearlumen_server.api.openapi import OPERATIONS
from bearlumen_server.api.openapi.document import path_of, scope_of
from bearlumen_server.api.openapi.parameters import EVENT_ID
from bearlumen_server.app import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from bearlumen_server.api.openapi import Operation

GETS: Final = [path_of(each) for each in routes() if "GET" in (each.methods or ())]
CHANGES: Final = [
    (method, path_of(each))
    for each in routes()
    for method in sorted((each.methods or set()) - {"GET", "HEAD"})
]
LABELS: Final = ("feature", "agent", "workflow", "session_id", "session_type")


def usage(mark: str, cost: str | None = None) -> dict[str, Any]:
    """An event in which everything that is a name has the mark."""
    labels = {name: f"{mark}-{name}" for name in LABELS}
    return event(
        model=f"{mark}-model",
        user_id=f"{mark}-user",
        metadata={
            **labels,
            "provider": f"{mark}-provider",
            "cost": cost,
            "dimensions": {f"{mark}-dim": f"{mark}-value", "team": f"{mark}-team", "n": 3},
            "units": {f"{mark}-unit": 2},
            "usage": {"tool_calls": {f"{mark}-tool": 1}, "service_tier": f"{mark}-tier"},
            "note": f"{mark}-note",
        },
    )


SEEDS: Final[dict[tuple[str, str], Callable[[str], Any]]] = {
    ("POST", wire.USAGE_EVENTS): usage,
    ("POST", wire.USAGE_BATCH): lambda mark: {
        "events": [usage(mark), {**usage(mark, "2"), "sdk_event_id": EVENT_ID.example}]
    },
    ("POST", wire.REVENUE_EVENTS): lambda mark: {
        "revenueId": f"{mark}-revenue",
        "externalId": f"{mark}-user",
        "amount": "7",
        "occurredAt": AT,
    },
    ("POST", wire.KEYS): lambda mark: {"name": f"{mark}-key"},
    ("POST", wire.DIMENSION_DEFINITIONS): lambda mark: {
        "key": f"{mark}-defined",
        "type": "string",
        "label": f"{mark}-label",
    },
    ("POST", wire.PRICES): lambda mark: {
        "provider": f"{mark}-provider",
        "model": f"{mark}-own",
        "prices": {"input_tokens": "1"},
        "note": f"{mark}-note",
    },
    ("POST", wire.PRICE_ALIASES): lambda mark: {
        "alias": f"{mark}-alias",
        "targetProvider": f"{mark}-provider",
        "targetModel": f"{mark}-own",
    },
    ("POST", wire.END_USERS): lambda mark: {"externalId": f"{mark}-user", "name": f"{mark}-name"},
    ("POST", wire.PRICES_RECOST): lambda mark: {
        **MARCH,
        "filters": {"provider": [f"{mark}-provider"]},
        "dryRun": False,
    },
}
"""What an organisation stores, each thing with its mark."""
NOT_SEEDED: Final = {("POST", wire.USAGE_BATCH_UNVERSIONED)}
"""Routes that change something and need no seed, as another one stores the same."""


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """An organisation with its mark on everything it has."""

    api: Api
    mark: str
    ids: tuple[str, ...]
    """Everything that could stand in a path."""

    def ask(self, path: str, params: list[tuple[str, str]]) -> tuple[int, str]:
        """Ask, and return status and text; the correlation id is always the same."""
        headers = {"X-Correlation-Id": "same"}
        answered = self.api.request("GET", path, params=params, headers=headers)
        assert answered.status_code < 500, (path, params, answered.text)
        text = answered.content.decode(errors="replace")
        return answered.status_code, re.sub(r'"lastUsedAt":"[^"]+"', '"lastUsedAt":null', text)

    def everything(self) -> dict[str, tuple[int, str]]:
        """Every answer there is, about March."""
        return {
            path: self.ask(path, usual(OPERATIONS["GET", path]))
            for path in GETS
            if "{" not in path and path not in {wire.METRICS, wire.HEALTH, wire.READY}
        }


def usual(operation: Operation) -> list[tuple[str, str]]:
    """What a route has to be asked with, and the range."""
    return [
        (each.name, {**MARCH, "start": AT[:10], "end": AT[:10]}.get(each.name, each.example))
        for each in operation.parameters
        if each.required or each.name in MARCH
    ]


def settled(api: Api, mark: str) -> Tenant:
    """Store one of everything."""
    served = set(CHANGES)
    ids = [f"{mark}-{name}" for name in ("user", *LABELS, "dim", "model", "defined", "revenue")]
    for (method, path), body in SEEDS.items():
        if (method, path) not in served:
            continue
        answered = api.request(method, path, json=body(mark))
        assert answered.status_code < 300, (path, answered.text)
        ids += [str(each) for each in re.findall(r'"(?:id|\w+Id)":"([^"]+)"', answered.text)]
    ids += [each["eventId"] for each in api.events()]
    return Tenant(api=api, mark=mark, ids=tuple(dict.fromkeys(ids)))


@pytest.fixture
def pair(api: Api, other: Api) -> tuple[Tenant, Tenant]:
    """Two organisations with the same things under names of their own."""
    first, second = (settled(each, f"{name}{uuid4().hex[:12]}") for each, name in ((api, "alpha"), (other, "omega")))  # fmt: skip  # noqa: E501
    return first, second


def test_every_route_that_stores_something_is_seeded() -> None:
    """What nobody stored cannot be seen to leak."""
    stored = {(method, path) for method, path in CHANGES if method == "POST" and "{" not in path}
    assert sorted(stored - SEEDS.keys() - NOT_SEEDED) == []


def test_each_sees_its_own(pair: tuple[Tenant, Tenant]) -> None:
    """The marks are there to be seen: a test that looks for what is nowhere proves nothing."""
    for tenant in pair:
        seen = tenant.everything()
        blind = [path for path, (status, _) in seen.items() if status != 200]
        assert blind == []
        for path in (wire.USAGE_EVENTS, f"{wire.COSTS}/by-model", wire.KEYS):
            assert tenant.mark in seen[path][1]


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_question_is_answered_with_anything_of_another(
    pair: tuple[Tenant, Tenant], data: st.DataObject
) -> None:
    """Whatever route, filter, dimension, page or order: what is another's is as good as nothing.

    A question that names what another has is answered, to the letter, like one that names what
    nobody has.
    """
    asking, other = data.draw(st.permutations(pair))
    ghost = "ghost" + other.mark[5:]
    path = data.draw(st.sampled_from(GETS))
    operation = OPERATIONS["GET", path]
    params = data.draw(questions(operation, asking, other))
    in_path = False
    for name in re.findall(r"{\w+}", path):
        path, in_path = (
            path.replace(name, quote(data.draw(st.sampled_from(other.ids)), safe="")),
            True,
        )
    status, text = asking.ask(path, params)
    if in_path:
        assert status in {400, 404}, text
    named = other.mark in str((path, params))
    if not named:
        assert other.mark not in text
        return
    haunted = [(n.replace(other.mark, ghost), v.replace(other.mark, ghost)) for n, v in params]
    nothing = asking.ask(path.replace(other.mark, ghost), haunted)
    assert (status, text.replace(other.mark, ghost)) == nothing


@st.composite
def questions(
    draw: st.DrawFn, operation: Operation, asking: Tenant, other: Tenant
) -> list[tuple[str, str]]:
    """Parameters that a route takes, with names of either organisation or of nobody."""
    mark = st.sampled_from([asking.mark, other.mark, other.mark, "nobody"])
    suffix = st.sampled_from(["model", "provider", "user", "dim", "value", "team", *LABELS])
    name = st.builds("{}-{}".format, mark, suffix) | st.just("")
    params: list[tuple[str, str]] = []
    for each in operation.parameters:
        if not each.required and not draw(st.booleans()):
            continue
        if each.name in MARCH or each.name in {"start", "end"}:
            params.append((each.name, MARCH.get(each.name) or MARCH[f"{each.name}Date"]))
        elif "enum" in each.schema:
            params.append((each.name, draw(st.sampled_from(each.schema["enum"]))))
        elif each.repeated:
            params += [(each.name, draw(name)) for _ in range(draw(st.integers(1, 2)))]
        elif each.name == EVENT_ID.name:
            params.append((each.name, draw(st.sampled_from([each.example, *other.ids]))))
        elif each.name in {wire.DIMENSION, wire.KEY}:
            params.append((each.name, draw(name | st.sampled_from(["team", "n"])) or "team"))
        else:
            params.append((each.name, each.example))
    if operation.dimensions and draw(st.booleans()):
        key = draw(st.builds("{}-dim".format, mark) | st.just("team"))
        params.append((f"dimension.{key}", draw(name)))
    return params


def test_what_one_stores_changes_no_answer_of_another(pair: tuple[Tenant, Tenant]) -> None:
    """Not even under the very same names."""
    first, second = pair
    before = first.everything()
    for name in (first.mark, second.mark):
        second.api.send([usage(name, "1000") for _ in range(5)])
        second.api.request(
            "POST",
            wire.REVENUE_EVENTS,
            json={**SEEDS["POST", wire.REVENUE_EVENTS](name), "revenueId": str(uuid7())},
        )
    assert first.everything() == before


@pytest.mark.parametrize(("method", "path"), [each for each in CHANGES if "{" in each[1]])
def test_nothing_of_another_can_be_changed(
    pair: tuple[Tenant, Tenant], method: str, path: str
) -> None:
    """Its ids are as good as none."""
    first, second = pair
    before = second.everything()
    for each in second.ids:
        where = re.sub(r"{\w+}", lambda _, each=each: quote(each, safe=""), path)
        answered = first.api.request(method, where, json={})
        assert answered.status_code < 500, answered.text
        assert second.mark not in answered.text.replace(each, "")
    assert second.everything() == before


def test_a_resend_of_an_event_of_another_is_no_duplicate(api: Api, other: Api) -> None:
    """Whether an id is taken elsewhere cannot be found out."""
    sent = event()
    assert api.send([sent])["accepted"] == 1
    assert other.send([sent])["accepted"] == 1


def test_what_operators_see_names_nobody(pair: tuple[Tenant, Tenant]) -> None:
    """Routes without a key have nothing that anybody sent, and no organisation."""
    open_to_all = [path_of(each) for each in routes() if scope_of(each) is None]
    assert len(open_to_all) == 4
    for path in open_to_all:
        shown = pair[0].api.http.get(path).text
        for tenant in pair:
            assert tenant.mark not in shown
            assert tenant.api.org_id not in re.findall(r"\w+", shown)
