"""What an ordinary response reports, as JSON, written in one step.

Most responses report whole numbers that agree with each other, and nothing else that is billed.
For those the JSON of the counts is written straight from the values, by a function that is itself
written out as source and compiled, as `_plan` does for reading: a `Usage` and a dict in between
take ten times as long, and an event is written for every call. For anything that has to be weighed
the function answers None, and `CompiledFlavor.usage` decides. Both say the same: a property test
holds them together.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii

from ._paths import MAX_COUNT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Places = tuple[tuple[int, ...], ...]
    Plain = tuple[str, str, str]

MAX_TEXT_CHARACTERS = 512
"""Of what a provider names; the server refuses more."""
MAX_REMEMBERED_TEXTS = 4_096
_TOTALS = ("input_tokens", "output_tokens")


class PlainForm:
    """Where the values of a surface stand, and what makes a response of it an ordinary one."""

    def __init__(
        self,
        *,
        counts: Mapping[str, Places],
        parts: tuple[tuple[str, tuple[str, ...]], ...],
        weighed: tuple[int, ...],
        zero: tuple[str, ...],
        omits_zero: bool,
        total: tuple[int, ...],
        tier: tuple[int, ...],
        geo: tuple[int, ...],
        anywhere: frozenset[str],
        response_id: tuple[int, ...],
    ) -> None:
        self.counts = counts
        self.parts = parts
        """The counts that are parts of another; those in one line exclude each other."""
        self.weighed = weighed
        """Where anything at all makes it another than ordinary: units, tools, a stated cost."""
        self.zero = zero
        self.omits_zero = omits_zero
        self.total = total
        self.tier = tier
        self.geo = geo
        self.anywhere = anywhere
        self.response_id = response_id

    def compiled(self) -> Callable[[tuple[Any, ...]], Plain | None]:
        """A function that writes the values of an ordinary response, and None for others.

        It gives the totals, the other counts and labels of the usage, and the response's id, each
        as members of a JSON object: the first ends with a comma, the others begin with one.
        """
        source = "\n".join(["def plain(values):", *(f" {line}" for line in self._lines())])
        scope: dict[str, Any] = {
            "ANYWHERE": self.anywhere,
            "remembered": {},
            "text_of": _text_of,
            "quoted": encode_basestring_ascii,
        }
        exec(source, scope)  # noqa: S102  # the source is ours, made of declarations
        return scope["plain"]

    def _lines(self) -> list[str]:
        names = {name: f"count_{number}" for number, name in enumerate(self.counts)}
        lines = [_unless_nothing((0, *self.weighed))]
        for name in _TOTALS:
            if name in names:
                lines += _reading(names[name], self.counts[name])
        lines += self._parts(names)
        lines += self._totals(names)
        lines += self._labels()
        lines.append("return totals, usage, response")
        return lines

    def _totals(self, names: Mapping[str, str]) -> list[str]:
        lines: list[str] = ["totals = ''"]
        counted = [names[name] for name in _TOTALS if name in names]
        if self.zero:
            # It is zero only where anything is reported.
            known = " and ".join(f"{one} is None" for one in names.values()) or "True"
            lines.append(f"if {known}: return None")
        if self.omits_zero:
            lines += [f"if {one} is None: return None" for one in counted]
        if self.total:
            lines += self._stated_total(names)
        for name in _TOTALS:
            if name in names:
                count = names[name]
                lines += [
                    f"if {count} is not None:",
                    f" totals += f'\"{name}\":{{{count}}},'",
                ]
                if name in self.zero:
                    lines += ["else:", f" totals += '\"{name}\":0,'"]
            elif name in self.zero:
                lines.append(f"totals += '\"{name}\":0,'")
        return lines

    def _stated_total(self, names: Mapping[str, str]) -> list[str]:
        first, *others = self.total
        lines = [f"if values[{place}] is not None: return None" for place in others]
        lines += [f"stated = values[{first}]", "if stated is not None:"]
        written, generated = (names.get(name) for name in _TOTALS)
        if written is None or generated is None:
            return [*lines, " return None"]
        return [
            *lines,
            f" if type(stated) is not int or {written} is None or {generated} is None: return None",
            f" if stated - {written} > {generated}: return None",
        ]

    def _parts(self, names: Mapping[str, str]) -> list[str]:
        """The other counts, each taken off what the counts that it is a part of leave for it."""
        lines: list[str] = ["usage = ''"]
        left_of: dict[str, list[str]] = {}
        for number, (total, parts) in enumerate(self.parts):
            present = [part for part in parts if part in names]
            if total not in names or not present:
                continue
            if total not in _TOTALS:
                # A part of a part, such as what was written to the cache for an hour.
                lines += _reading(names[total], self.counts[total])
            lines.append(
                f"left_{number} = {MAX_COUNT} if {names[total]} is None else {names[total]}"
            )
            for part in present:
                left_of.setdefault(part, []).append(f"left_{number}")
        for name, count in names.items():
            if name in _TOTALS:
                continue
            takes = "; ".join(f"{left} -= {count}" for left in left_of.get(name, ()))
            lines += _reading(
                count,
                self.counts[name],
                then=[takes, f"usage += f',\"{name}\":{{{count}}}'"],
                is_part=bool(takes),
            )
        lefts = sorted({left for several in left_of.values() for left in several})
        if lefts:
            lines.append(f"if {' or '.join(f'{left} < 0' for left in lefts)}: return None")
        return lines

    def _labels(self) -> list[str]:
        lines: list[str] = []
        if self.tier:
            first, *others = self.tier
            lines += [f"if values[{place}] is not None: return None" for place in others]
            lines += [
                f"tier = values[{first}]",
                "if tier is not None:",
                " if type(tier) is not str or not tier: return None",
                " usage += remembered.get(tier) or text_of('service_tier', tier, remembered)",
            ]
        for place in self.geo:
            lines += [
                f"if values[{place}] is not None and values[{place}] not in ANYWHERE: return None"
            ]
        lines.append("response = ''")
        if self.response_id:
            lines += [
                *_chosen("response_id", self.response_id),
                "if response_id is not None:",
                " if type(response_id) is not str or not response_id: return None",
                f" if len(response_id) > {MAX_TEXT_CHARACTERS}: return None",
                " response = ',\"response_id\":' + quoted(response_id)",
            ]
        return lines


def _chosen(name: str, places: tuple[int, ...]) -> list[str]:
    """What stands at the first of several places where anything does."""
    first, *others = places
    lines = [f"{name} = values[{first}]"]
    return lines + [f"if {name} is None: {name} = values[{place}]" for place in others]


def _unless_nothing(places: tuple[int, ...]) -> str:
    return f"if {' or '.join(f'values[{place}] is not None' for place in places)}: return None"


def _reading(
    name: str, summands: Places, *, then: Sequence[str] = (), is_part: bool = False
) -> list[str]:
    """A count: the sum of what stands in its places; None where nothing does.

    Args:
        name: The variable for it.
        summands: The places, each with its choices.
        then: What to do where there is a count.
        is_part: Whether it is held against a whole, which is as large as may be at the most.
    """
    several = len(summands) > 1
    variables = [f"{name}_{number}" for number in range(len(summands))] if several else [name]
    lines: list[str] = []
    for variable, places in zip(variables, summands, strict=True):
        lines += _chosen(variable, places)
        is_odd = f"{variable} < 0" if is_part else f"not 0 <= {variable} <= {MAX_COUNT}"
        lines += [
            f"if {variable} is not None:",
            f" if type({variable}) is not int or {is_odd}: return None",
        ]
    if several:
        nothing = " and ".join(f"{variable} is None" for variable in variables)
        total = " + ".join(f"({variable} or 0)" for variable in variables)
        lines.append(f"{name} = None if {nothing} else {total}")
        if then:
            lines.append(f"if {name} is not None:")
    return lines + [f" {line}" for line in then if line]


def _text_of(name: str, text: str, remembered: dict[str, str]) -> str:
    member = f',"{name}":{encode_basestring_ascii(text[:MAX_TEXT_CHARACTERS])}'
    if len(remembered) < MAX_REMEMBERED_TEXTS:
        remembered[text] = member
    return member
