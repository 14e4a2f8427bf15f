"""Write docs/api-coverage.md: every method of the client, its route, and the test of it.

python scripts/coverage_table.py           write it
python scripts/coverage_table.py --check   exit with 1 if the page differs, or something is missing

Methods are found on the clients, and asked with a driver that only looks at the request. Tests are
found in tests/contract by what they call: a test whose fixture `ask` puts the question through both
clients names a method as `bear.costs.by_model(...)`. One that calls it by another way says so with
`@pytest.mark.covers("costs.by_model")`.
"""

import ast
import asyncio
import inspect
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from bearlumen import AsyncBearLumen, BearLumen
from bearlumen._query import Request
from bearlumen_server.app import routes as server_routes

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api-coverage.md"
TESTS = ROOT / "tests" / "contract"
FIXTURE = "ask"
NOTHING = "—"

SAMPLES: dict[str, dict[str, Any]] = {
    "revenue.report_many": {"revenue": []},
}
"""Arguments for methods that types alone do not lead to a valid call, by method."""
OF_THE_CLIENT = ("ping",)
"""Methods of the client itself that ask a question."""
DECLARED = {"track": ("POST", "/v1/usage/events/batch")}
"""Methods whose request is made elsewhere, by the worker."""
SERVER_ONLY = {
    "POST /v1/usage/events": "one event in the REST guide's form, for programs without an SDK",
    "* /v1/keys": "keys are the business of whoever runs the server: `bearlumen keys`",
    "* /v1/export": "`bearlumen export`",
    "* /v1/import": "`bearlumen import`",
}
"""Routes without a method of the client, `*` for any verb, with what is below them; and why."""
_WRAPPERS = (
    typing.Annotated,
    typing.Required,
    typing.NotRequired,
    typing.Union,
    types.UnionType,
)
_SAMPLE_OF: dict[Any, Any] = {
    bool: True,
    int: 1,
    float: 1.0,
    Decimal: Decimal(1),
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    date: date(2026, 1, 1),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One method."""

    method: str
    verb: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Test:
    """One test, and the methods that it covers."""

    name: str
    file: str
    marked: frozenset[str]
    called: frozenset[str]

    def rank(self, method: str) -> tuple[bool, bool, int]:
        """How little a test is about a method: the lowest is its row's."""
        named = method.rpartition(".")[2] in self.name
        return method not in self.marked, not named, len(self.called | self.marked)


class _AskedError(Exception):
    """Stands in for the answer; carries the request."""

    def __init__(self, request: Request[Any]) -> None:
        super().__init__(request.path)
        self.request = request


class _Driver:
    """Asks nothing."""

    def send(self, request: Request[Any]) -> Any:
        """Give the request back."""
        raise _AskedError(request)


def rows() -> list[Row]:
    """Every public method, with the request that it makes; the same through both clients."""
    sync, other = (_rows(client) for client in (BearLumen, AsyncBearLumen))
    if sync != other:
        raise AssertionError(f"The clients differ: {set(sync) ^ set(other)}")
    return sync


def _rows(kind: type[Any]) -> list[Row]:
    client = kind(api_key="k")
    client.__dict__["_driver"] = _Driver()
    names = sorted(resources(kind))
    found = [_row(method, getattr(client, method)) for method in OF_THE_CLIENT]
    found += [Row(method=name, verb=verb, path=path) for name, (verb, path) in DECLARED.items()]
    for name in names:
        resource: Any = getattr(client, name)
        found += [_row(f"{name}.{one}", getattr(resource, one)) for one in methods(resource)]
    return found


def resources(kind: type[Any]) -> list[str]:
    """The attributes of a client that hold methods."""
    return [
        name
        for name, value in vars(kind).items()
        if type(value).__name__ == "lazy" and not name.startswith("_")
    ]


def methods(resource: object) -> Iterator[str]:
    """The public methods of a resource, in their order."""
    for name, value in vars(type(resource)).items():
        if not name.startswith("_") and inspect.isfunction(value):
            yield name


def _row(name: str, method: Any) -> Row:
    arguments = {**_arguments(method), **SAMPLES.get(name, {})}
    try:
        answer = method(**arguments)
        if inspect.iscoroutine(answer):
            asyncio.run(cast("Any", answer))
    except _AskedError as asked:
        path = re.sub(
            r"\{(\w+)\}", lambda found: f"{{{_camel(found[1])}}}", unquote(asked.request.path)
        )
        return Row(method=name, verb=asked.request.method, path=path)
    except Exception as error:
        raise AssertionError(
            f"{name}({arguments}) asked nothing: give arguments that are right in SAMPLES."
        ) from error
    if not hasattr(answer, "with_raw_response"):
        raise AssertionError(f"{name}({arguments}) asked nothing, and gave no resource that does.")
    return Row(method=name, verb=NOTHING, path="those of its methods, with `externalId`")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _arguments(method: Any) -> dict[str, Any]:
    """A value for everything that a method has to be given."""
    needed = [
        parameter
        for parameter in inspect.signature(method).parameters.values()
        if parameter.kind is not parameter.VAR_POSITIONAL and parameter.default is parameter.empty
    ]
    hints = typing.get_type_hints(method, include_extras=True) if needed else {}
    found: dict[str, Any] = {}
    for parameter in needed:
        if parameter.kind is parameter.VAR_KEYWORD:
            (taken,) = typing.get_args(hints[parameter.name]) or (dict,)
            found |= _fields(taken)
        else:
            found[parameter.name] = _sample(parameter.name, hints.get(parameter.name, str))
    return found


def _fields(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {name: _sample(name, hints[name]) for name in getattr(kind, "__required_keys__", ())}


def _sample(name: str, kind: Any) -> Any:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    sample: Any = f"{{{name}}}"
    if origin in _WRAPPERS:
        sample = _sample(name, parts[0])
    elif origin is typing.Literal:
        sample = parts[0]
    elif kind in _SAMPLE_OF:
        sample = _SAMPLE_OF[kind]
    elif typing.is_typeddict(kind):
        sample = _fields(kind)
    elif origin is not None:
        sample = {} if issubclass(origin, Mapping) else [_sample(name, parts[0])]
    return sample


def routes() -> list[tuple[str, str]]:
    """Every verb and path that the server answers under `/v1`."""
    found = [
        (verb, route.path)
        for route in server_routes()
        for verb in route.methods or ()
        if route.path.startswith("/v1/") and verb != "HEAD"
    ]
    return sorted(set(found), key=lambda one: (one[1], one[0]))


def shape(path: str) -> str:
    """A path without the names of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def server_only(verb: str, path: str) -> str | None:
    """Why a route has no method; None if nobody said."""
    for named, reason in SERVER_ONLY.items():
        wanted, _, place = named.partition(" ")
        below = path.startswith(f"{place}/") and wanted == "*"
        if wanted in {"*", verb} and (path == place or below):
            return reason
    return None


def tests(known: set[str]) -> list[Test]:
    """Every contract test that covers one of the methods."""
    found = [
        test
        for path in sorted(TESTS.glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for test in [_test(node, path.name, known)]
    ]
    return [test for test in found if test.marked or test.called]


def _test(node: ast.FunctionDef, file: str, known: set[str]) -> Test:
    marked = {
        argument.value
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith(".covers")
        for argument in decorator.args
        if isinstance(argument, ast.Constant)
    }
    called: set[str] = set()
    if FIXTURE in {argument.arg for argument in node.args.args}:
        for call in ast.walk(node):
            if isinstance(call, ast.Call):
                called |= _named(_chain(call.func), known)
    names = cast("frozenset[str]", frozenset(marked))
    unknown = names - known
    if unknown:
        raise AssertionError(f"{file}: {node.name} covers {min(unknown)}, which there is not")
    return Test(name=node.name, file=file, marked=names, called=frozenset(called))


def _chain(node: ast.expr) -> list[str]:
    """The attributes of `bear.costs.for_user(...).by_model`, in order."""
    names: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return []
    return names


def _named(chain: list[str], known: set[str]) -> set[str]:
    found = {chain[0]} if len(chain) == 1 else set[str]()
    for place, name in enumerate(chain):
        found |= {f"{name}.{method}" for method in chain[place + 1 :]}
    return found & known


def problems(table: list[Row], covering: list[Test]) -> list[str]:
    """What is missing on either side."""
    there = {(verb, shape(path)) for verb, path in routes()}
    asked = {(row.verb, shape(row.path)) for row in table}
    covered = {method for test in covering for method in test.marked | test.called}
    return [
        *(
            f"{row.method}: no test in tests/contract calls it through the fixture `{FIXTURE}`"
            for row in table
            if row.method not in covered
        ),
        *(
            f"{row.method}: the server has no {row.verb} {row.path}"
            for row in table
            if row.verb != NOTHING and (row.verb, shape(row.path)) not in there
        ),
        *(
            f"{verb} {path}: no method asks it, and SERVER_ONLY does not say why"
            for verb, path in routes()
            if (verb, shape(path)) not in asked and server_only(verb, path) is None
        ),
    ]


def written(table: list[Row], covering: list[Test]) -> str:
    """The page."""
    lines = [
        "# Every method, its route and its test",
        "",
        "<!-- Written by scripts/coverage_table.py: `just coverage-table`. Do not edit. -->",
        "",
        "Each test puts the question through the sync and the async client, over HTTP, to a real",
        "server. A test in `tests/docs` fails when a method or a route is missing here.",
        "",
        "| method | HTTP | path | test |",
        "| --- | --- | --- | --- |",
    ]
    for row in table:
        path = row.path if row.verb == NOTHING else f"`{row.path}`"
        of_it = [test for test in covering if row.method in test.marked | test.called]
        test = min(of_it, key=lambda one, name=row.method: one.rank(name), default=None)
        link = f"[`{test.name}`](../tests/contract/{test.file})" if test else NOTHING
        lines.append(f"| `{row.method}` | {row.verb} | {path} | {link} |")
    asked = {(row.verb, shape(row.path)) for row in table}
    lines += [
        "",
        "## Routes without a method",
        "",
        "| HTTP | path | why |",
        "| --- | --- | --- |",
        *(
            f"| {verb} | `{path}` | {server_only(verb, path) or NOTHING} |"
            for verb, path in routes()
            if (verb, shape(path)) not in asked
        ),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page; the exit code."""
    table = rows()
    covering = tests({row.method for row in table})
    page = written(table, covering)
    missing = problems(table, covering)
    if "--check" not in arguments:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        missing.append("docs/api-coverage.md is stale; run `just coverage-table`")
    if missing:
        print(*missing, sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
