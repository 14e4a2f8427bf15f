"""Write the tables of docs/providers.md from the declarations and the recorded answers, or check.

python scripts/provider_table.py           write them
python scripts/provider_table.py --check   exit with 1 if the page differs
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from bearlumen.providers import extractors
from bearlumen.providers._extractor import ABSENT, PRESENT, Extractor, Flavor, Signature
from bearlumen.providers._openai_shape import CHAT

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "providers.md"
RECORDINGS = ROOT / "tests" / "fixtures" / "providers"
COLUMNS = (
    "surface", "input", "output", "cache read", "cache write", "reasoning", "audio", "image",
    "tool calls", "units", "tier", "batch", "stated cost", "streams",
)  # fmt: skip
YES, ZERO = "✓", "0"
_NOTHING = ("",) * (len(COLUMNS) - 1)
_PACKAGES = {
    "bedrock": ("boto3", "aiobotocore"),
}
"""SDKs whose objects are plain dicts: no class of theirs is ever seen."""


def surfaces() -> str:
    """One row for each surface of each provider: what is read from it."""
    rows: list[tuple[str, ...]] = []
    for extractor in extractors():
        rows += [(extractor.title, *row) for row in _rows(extractor)]
    return _table(("provider", *COLUMNS), rows)


def recognised() -> str:
    """One row for each provider: how its responses are told from others'."""
    rows = [
        (
            one.title,
            f"`{one.provider}`",
            ", ".join(f"`{p}`" for p in (*one.packages, *_PACKAGES.get(one.provider, ()))),
            "; ".join(_looks(mark.signature) for mark in one.marks),
            ", ".join(f"`{host}`" for host in one.hosts),
        )
        for one in extractors()
    ]
    return _table(("provider", "its name with us", "own SDK", "in another's shape", "host"), rows)


def _rows(extractor: Extractor) -> Iterator[tuple[str, ...]]:
    recorded = _recorded(extractor.provider)
    owners = {
        f"{owner.provider}/{flavor.name}": (owner, flavor)
        for owner in extractors()
        for flavor in owner.flavors
        if owner is extractor or f"{owner.provider}/{flavor.name}" in recorded
    }
    for name, (owner, flavor) in sorted(owners.items(), key=lambda one: one[1][0] is not extractor):
        title = flavor.title if owner is extractor else f"{flavor.title}, in {owner.title}'s shape"
        answers = recorded.get(name, [])
        batch = flavor.batch is not None or any(answer.get("batch") for answer in answers)
        shared = flavor.shared or owner.provider == "openai" or flavor.counts is CHAT.counts
        read = _Read.shown_by(answers) if shared else _Read.declared_by(flavor)
        yield (title, *(read.cells(flavor, batch=batch) if not flavor.free else _NOTHING))


def _recorded(provider: str) -> dict[str, list[dict[str, Any]]]:
    """The recorded answers of a provider, by the declaration that reads them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((RECORDINGS / provider).glob("*.json")):
        recording = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault(recording["flavor"], []).append(recording)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What is read from a surface, by our names."""

    counts: set[str]
    tool_calls: set[str]
    units: set[str]
    tier: bool
    cost: bool
    streams: bool

    @classmethod
    def declared_by(cls, flavor: Flavor) -> Self:
        """All that the declaration names."""
        return cls(
            counts=set(flavor.counts) | set(flavor.zero),
            tool_calls=set(flavor.tool_calls),
            units={*flavor.units, *flavor.units_instead},
            tier=bool(flavor.service_tier),
            cost=flavor.cost is not None,
            streams=bool(flavor.chunks),
        )

    @classmethod
    def shown_by(cls, recordings: list[dict[str, Any]]) -> Self:
        """What the recorded answers have: a shape that many share declares what any of them has."""
        return cls(
            counts={name for one in recordings for name, count in one["counts"].items() if count},
            tool_calls={name for one in recordings for name in one.get("tool_calls", {})},
            units={name for one in recordings for name in one.get("units", {})},
            tier=any(one.get("service_tier") for one in recordings),
            cost=any(one.get("provider_cost") for one in recordings),
            streams=any(one["streaming"] for one in recordings),
        )

    def cells(self, flavor: Flavor, *, batch: bool) -> Iterator[str]:
        """The cells of a row, without its title."""
        for total in ("input_tokens", "output_tokens"):
            yield ZERO if total in flavor.zero else YES if total in self.counts else ""
        yield YES if "cache_read_tokens" in self.counts else ""
        split = {"cache_write_5m_tokens", "cache_write_1h_tokens"} & self.counts
        yield "5m, 1h" if split else YES if "cache_write_tokens" in self.counts else ""
        yield YES if "reasoning_tokens" in self.counts else ""
        for kind in ("audio", "image"):
            ways = [way for way in ("in", "out") if f"{kind}_{way}put_tokens" in self.counts]
            yield ", ".join(ways)
        for names in (self.tool_calls, self.units):
            yield ", ".join(sorted(name.replace("_", " ") for name in names))
        for is_read in (self.tier, batch, self.cost, self.streams):
            yield YES if is_read else ""


def _looks(signature: Signature) -> str:
    return ", ".join(_look(path, wanted) for path, wanted in signature.items())


def _look(path: str, wanted: object) -> str:
    if wanted is PRESENT:
        return f"`{path}`"
    if wanted is ABSENT:
        return f"no `{path}`"
    if isinstance(wanted, re.Pattern):
        return f"`{path}` like `{cast('re.Pattern[str]', wanted).pattern}`"
    return f"`{path}` is `{wanted}`"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def written(page: str) -> str:
    """The page with its tables as they are declared."""
    for name, table in (("surfaces", surfaces()), ("recognised", recognised())):
        begin, end = f"<!-- {name}: scripts/provider_table.py -->", f"<!-- {name}: end -->"
        place = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
        if not place.search(page):
            raise ValueError(f"{PAGE.name} has no place for the table {name!r}")
        page = place.sub(lambda _, text=f"{begin}\n{table}\n{end}": text, page)
    return page


def main(arguments: list[str]) -> int:
    """Write or check the page; the exit code."""
    page = PAGE.read_text(encoding="utf-8")
    wanted = written(page)
    if wanted == page:
        return 0
    if "--check" in arguments:
        print("docs/providers.md is stale; run `just provider-table`")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
