from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import jsonschema  # pyright: ignore[reportMissingModuleSource]
import pytest
from fastapi import FastAPI
from server.helpers import BATCH, MARCH, Api, event

from bearlumen import models
from bearlumen_server.api import wire
from bearlumen_server.api.openapi import OPERATIONS, document
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.answers import answer_schemas
from bearlumen_server.api.openapi.bodies import body_schemas
from bearlumen_server.api.openapi.document import path_of, schemas, scope_of
from bearlumen_server.app import ROUTERS, routes
from bearlumen_server.keys import SCOPES

if TYPE_CHECKING:
    import httpx

    from bearlumen_server.api.openapi import Operation

SERVED = {(method, path_of(route)): route for route in routes() for method in route.methods or ()}
JSON = ("application/json",)
KNOWN = schemas()
READS = sorted(
    path
    for method, path in SERVED
    if method == "GET" and OPERATIONS[method, path].answer in KNOWN and "{" not in path
)
CHOSEN = (p.INCLUDE, p.HISTORY, *p.LOOKUP)
"""Parameters by which an answer has more in it."""
ASKED = sorted(
    path
    for method, path in SERVED
    if OPERATIONS[method, path].parameters and method == "GET" and "{" not in path
)


def required(operation: Operation) -> dict[str, str]:
    """The parameters without which a route does not answer, and a range where it may have one."""
    return {
        each.name: each.example
        for each in operation.parameters
        if each.required or each.name in MARCH
    }


def test_the_document_is_served_to_anybody(http: httpx.Client) -> None:
    """Whoever writes a client may read it, with or without a key."""
    served = http.get(wire.OPENAPI).json()
    assert served == json.loads(json.dumps(document(routes())))
    assert served["paths"]["/v1/costs/by-model"]["get"]["x-scope"] == "costs:read"


def test_every_route_is_declared() -> None:
    """A route without a row in `api/openapi/operations` is one nobody can know of."""
    assert sorted(SERVED.keys() - OPERATIONS.keys()) == []


def test_no_route_is_overlooked() -> None:
    """Routers are made of routers; FastAPI finds the same paths as we do."""
    app = FastAPI()
    for module in ROUTERS:
        app.include_router(module.router)
    assert app.openapi()["paths"].keys() == document(routes())["paths"].keys()


def test_every_answer_is_described() -> None:
    """A row names the client's model, or a struct of `api/openapi/answers.py`."""
    known = schemas()
    undescribed = [
        where
        for where in SERVED.keys() & OPERATIONS.keys()
        if OPERATIONS[where].media == JSON and OPERATIONS[where].answer not in known
    ]
    assert sorted(undescribed) == []


def test_every_declared_route_is_served() -> None:
    """A row without a route is a promise."""
    assert sorted(OPERATIONS.keys() - SERVED.keys()) == []


def test_every_route_wants_a_key_but_those_for_operators() -> None:
    """A route that forgot to ask for one would answer anybody."""
    unlocked = {path for (_, path), route in SERVED.items() if scope_of(route) is None}
    assert unlocked == {wire.HEALTH, wire.READY, wire.METRICS, wire.OPENAPI}
    assert {scope_of(route) for route in SERVED.values()} <= {None, "", *SCOPES}


@pytest.mark.parametrize("path", ASKED)
def test_a_route_takes_every_parameter_it_is_declared_with(api: Api, path: str) -> None:
    """And names exactly those when it is given another."""
    operation = OPERATIONS["GET", path]
    examples = {each.name: each.example for each in operation.parameters}
    api.send([event(sdk_event_id=p.EVENT_ID.example)])
    for each in operation.parameters:
        given: Any = [each.example, each.example] if each.repeated else each.example
        beside = {name: examples[name] for name in each.beside}
        params = {**required(operation), **beside, each.name: given}
        answered = api.request("GET", path, params=params)
        assert answered.status_code == 200, (each.name, answered.text)
    refused = api.request("GET", path, params={**required(operation), "nonsense": "1"})
    assert refused.status_code == 400
    message = refused.json()["message"]
    assert "nonsense" in message
    if "known are" in message:
        known = {each.strip() for each in message.partition("known are")[2].split(",")}
        declared = {each.name for each in operation.parameters}
        assert known - {"dimension.<key>"} == declared
        assert ("dimension.<key>" in known) == operation.dimensions


@pytest.mark.parametrize("path", READS)
def test_what_becomes_of_an_unknown_parameter_is_in_the_document(api: Api, path: str) -> None:
    """It is refused, or passed over where there is none to misspell."""
    params = {**required(OPERATIONS["GET", path]), "nonsense": "1"}
    status = api.request("GET", path, params=params).status_code
    assert str(status) in document(routes())["paths"][path]["get"]["responses"]


@pytest.mark.parametrize("path", READS)
def test_an_answer_is_what_the_document_says(api: Api, path: str) -> None:
    """Over a ledger in which something is priced, something is not, and something has no label."""
    api.send(
        [
            event(
                sdk_event_id=p.EVENT_ID.example,
                user_id="u",
                metadata={"feature": "f", "agent": "a", "workflow": "w", "session_id": "s"},
            ),
            event(metadata={"cost": None, "provider": "own", "dimensions": {"team": 1.5}}),
            event(metadata={"units": {"seconds": 0.5}, "reported": {"a.b": 1.5}}),
        ]
    )
    api.request("POST", "/v1/revenue/events", json={"revenueId": "r", "externalId": "u",
                "amount": "1.5", "occurredAt": "2026-03-10T00:00:00Z"})  # fmt: skip
    operation = OPERATIONS["GET", path]
    whole = {each.name: each.example for each in operation.parameters if each in CHOSEN}
    for chosen in ({}, whole):
        answered = api.request("GET", path, params={**required(operation), **chosen})
        assert answered.status_code == 200, answered.text
        conforms(answered.json(), operation)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/end-users", {"externalId": "u", "name": None, "metadata": {"a": [1.5, None]}}),
        ("/v1/dimensions/definitions", {"key": "team", "type": "number", "label": None}),
        ("/v1/prices", {"model": "m", "prices": {"input_tokens": "2.5"}, "units": {"page": 1}}),
        ("/v1/prices", {"prices": [{"model": "m*", "discountPercent": 20}], "dryRun": True}),
        ("/v1/prices/aliases", {"alias": "a", "targetModel": "m"}),
        ("/v1/prices/aliases", {"aliases": [{"alias": "a", "targetModel": "m"}]}),
        ("/v1/prices/recost", {**MARCH, "filters": {"model": "m", "dimension.team": ["a"]}}),
        ("/v1/prices/recost", {**MARCH, "dryRun": False}),
        (BATCH, {"events": [event(), {"bad": 1}]}),
        ("/v1/usage/events", event()),
        ("/v1/usage/events", {"metricName": "tokens", "quantity": 3, "idempotencyKey": "k"}),
        ("/v1/revenue/events", {"revenueId": "r", "externalId": "u", "amount": 2}),
        ("/v1/keys", {"name": "n", "scopes": ["usage:write"]}),
    ],
)
def test_a_body_and_its_answer_are_what_the_document_says(
    api: Api, path: str, body: dict[str, Any]
) -> None:
    """What is accepted is described, and so is what comes back."""
    operation = OPERATIONS["POST", path]
    answered = api.request("POST", path, json=body)
    assert answered.status_code in {operation.status, *operation.also}
    conforms(answered.json(), operation)
    if "bad" not in str(body):
        check(body, str(operation.body))


def test_a_session_a_customer_and_a_definition_are_what_the_document_says(api: Api) -> None:
    """The routes with an id in their path, too."""
    api.send([event(user_id="u", metadata={"session_id": "s"})])
    api.request("POST", "/v1/dimensions/definitions", json={"key": "team"})
    known = {"external_id": "u", "session_id": "s", "key": "team"}
    asked = [
        ("GET", "/v1/attribution/sessions/{session_id}"),
        ("GET", "/v1/end-users/{external_id}"),
        ("POST", "/v1/end-users/{external_id}/deactivate"),
        ("POST", "/v1/end-users/{external_id}/reactivate"),
        ("DELETE", "/v1/end-users/{external_id}"),
        ("PATCH", "/v1/dimensions/definitions/{key}"),
        ("DELETE", "/v1/dimensions/definitions/{key}"),
    ]
    for method, path in asked:
        answered = api.request(method, path.format_map(known), json={})
        assert answered.status_code == 200, answered.text
        conforms(answered.json(), OPERATIONS[method, path])


def test_prices_and_runs_are_what_the_document_says(api: Api) -> None:
    """From their making to their end."""
    price = api.request("POST", "/v1/prices", json={"model": "m", "prices": {"input_tokens": 1}})
    alias = api.request("POST", "/v1/prices/aliases", json={"alias": "a", "targetModel": "m"})
    api.send([event(model="a", metadata={"provider": "own", "cost": None})])
    run = api.request("POST", "/v1/prices/recost", json={**MARCH, "dryRun": False})
    recost = run.json()["recostId"]
    asked = [
        ("GET", f"/v1/prices/recosts/{recost}", "Recost"),
        ("POST", f"/v1/prices/recosts/{recost}/undo", "Recost"),
        ("DELETE", f"/v1/prices/{price.json()['prices'][0]['id']}", "Price"),
        ("DELETE", f"/v1/prices/aliases/{alias.json()['aliases'][0]['id']}", "Alias"),
    ]
    for method, path, name in asked:
        answered = api.request(method, path)
        assert answered.status_code == 200, answered.text
        check(answered.json(), name)


def test_no_name_has_two_schemas() -> None:
    """Whichever came last would be all that is left of them."""
    shapes = [*vars(models), *body_schemas(), *answer_schemas()]
    assert [name for name, count in Counter(shapes).items() if count > 1] == []


def test_an_error_is_what_the_document_says(api: Api) -> None:
    """One shape for all of them."""
    check(api.request("GET", "/v1/usage/summary").json(), "Error")


def conforms(answer: Any, operation: Operation) -> None:
    """Check an answer against the schema of its operation."""
    check(answer, str(operation.answer))


def check(value: Any, name: str) -> None:
    """Check a value against a schema of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas()}}
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)
