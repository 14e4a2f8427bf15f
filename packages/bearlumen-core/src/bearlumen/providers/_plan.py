"""Many paths, read in one walk that visits each object on the way once.

The walk is written out as Python source and compiled, as `dataclasses` does for `__init__`: reading
happens on the caller's thread at every call, and a walk over a description of itself takes three
times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from .. import _wire
from ._fields import fields_of, has_extras, is_lasting, is_model, models
from ._paths import chooser, parts, segments, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_REPORTED: Final = 24
"""Unknown usage fields kept of one response."""
MAX_REPORTED_AMOUNT: Final = 10**15
"""Beyond it a double no longer counts in ones."""
MAX_PATH_CHARACTERS: Final = 200
MAX_REPORTED_DEPTH: Final = 3

Values = tuple[Any, ...]
"""What stands at each path, by the path's place."""
_Numbers = dict[str, int | float]


class Plan:
    """A set of paths. Each has a place in the values that `compiled` reads.

    Args:
        camel_case: Whether JSON spells in camelCase what the objects spell in snake_case.
        usage: The field whose numbers are all usage: those that no path reads are noted.
        ignores: Fields of it that say nothing more.
        omits_zero: Whether a number that an item of a list lacks is 0.
        finds_extras: Whether the last value tells if all that is usual is an SDK's model, without a
            field that the SDK does not declare: the response, its usage and its first choice.
    """

    def __init__(
        self,
        *,
        camel_case: bool,
        usage: str = "",
        ignores: tuple[str, ...] = (),
        omits_zero: bool = False,
        finds_extras: bool = False,
    ) -> None:
        self._camel_case = camel_case
        self._usage = usage
        self._ignores = frozenset(ignores)
        self._omits_zero = omits_zero
        self._finds_extras = finds_extras
        self._places: dict[str, int] = {}
        self._root: _Branch = {}

    def places(self, paths: str) -> tuple[int, ...]:
        """The places of the choices of `a|b`; the same path has the same place."""
        return tuple(self._place(path) for path in paths.split("|"))

    def _place(self, path: str) -> int:
        if path not in self._places:
            place = self._places[path] = len(self._places) + 1
            branch = self._root
            *way, last = segments(path)
            for step in way:
                branch = cast("_Branch", branch.setdefault((step, None), {}))
            branch[last, place] = place
        return self._places[path]

    def compiled(self) -> Callable[[Any], Values]:
        """A function that reads all paths from a response.

        At 0 it leaves the numbers of the usage that no path reads, by path, or None.
        """
        writer = _Writer(
            camel_case=self._camel_case,
            usage=self._usage,
            ignores=self._ignores,
            omits_zero=self._omits_zero,
        )
        watched = ("usage",) if self._finds_extras else None
        writer.line(0, "def read(value):")
        places = [f"at_{place}" for place in range(len(self._places) + 1)]
        writer.line(1, f"{' = '.join(places)} = None")
        writer.line(1, "plain = True")
        get = writer.branch(1, self._root, "value", reported=None, watched=watched)
        if self._finds_extras:
            writer.line(1, f"items = {get}('choices')")
            writer.line(1, "if isinstance(items, list) and items:")
            writer.line(2, "first = items[0]")
            writer.line(2, "if type(first) not in models or first.__pydantic_extra__:")
            writer.line(3, "plain = plain and not has_extras(first)")
            places.append("plain")
        writer.line(1, f"return ({', '.join(places)},)")
        scope: dict[str, Any] = writer.scope
        exec("\n".join(writer.lines), scope)  # noqa: S102  # the source is ours, made of declarations
        return scope["read"]


_Branch = dict[tuple[str, "int | None"], Any]
"""What to read of an object: a leaf's place, or the branch of a field, by step and place."""


class _Writer:
    """Writes the source of a walk."""

    def __init__(
        self, *, camel_case: bool, usage: str, ignores: frozenset[str], omits_zero: bool
    ) -> None:
        self._camel_case = camel_case
        self._usage = usage
        self._ignores = ignores
        self._omits_zero = omits_zero
        self._names = 0
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {
            "fields_of": fields_of,
            "has_extras": has_extras,
            "models": models,
        }

    def line(self, indent: int, text: str) -> None:
        """Write one line."""
        self.lines.append("    " * indent + text)

    def branch(
        self,
        indent: int,
        branch: _Branch,
        value: str,
        *,
        reported: str | None,
        watched: tuple[str, ...] | None = None,
    ) -> str:
        """Write the reading of an object that stands in the variable `value`.

        Args:
            indent: How deep in the source.
            branch: What to read.
            value: The variable.
            reported: What the paths of its unread numbers begin with; None: they say nothing.
            watched: The fields in which extra fields matter, if they matter in it; else None.

        Returns:
            What gets one of its fields.
        """
        fields = self._name("fields")
        get = f"{fields}.get"
        known: set[str] = set()
        for step, _ in branch:
            name, _chosen = parts(step)
            known.update((name, _wire.camel(name) if self._camel_case else name))
        unread = clean = ""
        usual = "models"
        if reported is not None:
            # A class that declares nothing unknown is passed by.
            unread = self._bind(_Unread(reported, frozenset(known), self._ignores))
            usual, clean = self._bind(self.scope[unread].clean), self._name("clean")
        # Most are models without extra fields, whose fields are at hand.
        self.line(indent, f"if type({value}) in {usual} and not {value}.__pydantic_extra__:")
        self.line(indent + 1, f"{fields} = {value}.__dict__")
        if clean:
            self.line(indent + 1, f"{clean} = True")
        self.line(indent, "else:")
        self.line(indent + 1, f"{fields} = fields_of({value})")
        if clean:
            self.line(indent + 1, f"{clean} = False")
        if watched is not None:
            self.line(indent + 1, f"plain = plain and not has_extras({value})")
        for (step, _), found in branch.items():
            name, chosen = parts(step)
            inner = () if watched is not None and name in watched else None
            self._field(indent, (name, chosen), found, get, reported=reported, watched=inner)
        if clean:
            self.line(indent, f"if not {clean}: at_0 = {unread}.note({value}, {fields}, at_0)")
        return get

    def _field(
        self,
        indent: int,
        field: tuple[str, str | None],
        found: Any,
        get: str,
        *,
        reported: str | None,
        watched: tuple[str, ...] | None,
    ) -> None:
        name, chosen = field
        camel = _wire.camel(name) if self._camel_case else name
        read = f"{get}({name!r})"
        if camel != name:
            variable = self._name("found")
            self.line(indent, f"{variable} = {read}")
            self.line(indent, f"if {variable} is None: {variable} = {get}({camel!r})")
            read = variable
        if chosen is not None:
            self._list(indent, read, chosen, found)
        elif isinstance(found, dict):
            variable = self._name("value")
            self.line(indent, f"{variable} = {read}")
            self.line(indent, f"if {variable} is not None:")
            inside = reported
            if reported is not None:
                inside = f"{reported}{name}."
            elif name == self._usage:
                inside = ""
            inner = cast("_Branch", found)
            self.branch(indent + 1, inner, variable, reported=inside, watched=watched)
        else:
            self.line(indent, f"at_{found} = {read}")

    def _list(self, indent: int, read: str, chosen: str, found: Any) -> None:
        """Write the reading of a list: the sum over it, or an item of it."""
        variable = self._name("items")
        self.line(indent, f"{variable} = {read}")
        self.line(indent, f"if {variable} is not None:")
        if chosen == "":
            total = _Sum(found, camel_case=self._camel_case)
            name = self._bind(total)
            self.line(indent + 1, f"at_{total.place} = {name}({variable})")
            return
        choose = self._bind(chooser(chosen, camel_case=self._camel_case))
        self.line(indent + 1, f"{variable} = {choose}({variable})")
        if not isinstance(found, dict):
            self.line(indent + 1, f"at_{found} = {variable}")
            return
        self.line(indent, f"if {variable} is not None:")
        self.branch(indent + 1, cast("_Branch", found), variable, reported=None)
        if self._omits_zero:
            for place in _leaves(cast("_Branch", found)):
                self.line(indent + 1, f"if at_{place} is None: at_{place} = 0")

    def _name(self, kind: str) -> str:
        self._names += 1
        return f"{kind}_{self._names}"

    def _bind(self, value: Any) -> str:
        name = self._name("bound")
        self.scope[name] = value
        return name


def _leaves(branch: _Branch) -> list[int]:
    places: list[int] = []
    for found in branch.values():
        places += _leaves(cast("_Branch", found)) if isinstance(found, dict) else [found]
    return places


class _Sum:
    """The sum over a list of what stands at a path in each item."""

    def __init__(self, found: Any, *, camel_case: bool) -> None:
        self._read: Callable[[Any], Any] | None = None
        if not isinstance(found, dict):
            self.place = cast("int", found)
            return
        (self.place,) = _leaves(cast("_Branch", found))
        writer = _Writer(camel_case=camel_case, usage="", ignores=frozenset(), omits_zero=False)
        writer.line(0, "def read(value):")
        writer.line(1, f"at_{self.place} = None")
        writer.branch(1, cast("_Branch", found), "value", reported=None)
        writer.line(1, f"return at_{self.place}")
        exec("\n".join(writer.lines), writer.scope)  # noqa: S102
        self._read = cast("Callable[[Any], Any]", writer.scope["read"])

    def __call__(self, items: Any) -> int | None:
        if not isinstance(items, list | tuple):
            return None
        read = (self._read(item) if self._read else item for item in cast("list[Any]", items))
        counts = [count for one in read if (count := whole(one)) is not None]
        return sum(counts) if counts else None


class _Unread:
    """Notes the numbers of a usage object that no path reads."""

    def __init__(self, prefix: str, known: frozenset[str], ignores: frozenset[str]) -> None:
        self._prefix = prefix
        self._known = known
        self._ignores = ignores
        self.clean: set[Any] = set()
        """SDK classes that declare nothing which the paths do not read."""

    def note(self, value: Any, fields: Mapping[str, Any], kept: _Numbers | None) -> _Numbers | None:
        """Keep the numbers of fields that are not known beside those that are kept already."""
        unread = fields.keys() - self._known - self._ignores
        for name in sorted(str(name) for name in unread):
            kept = self._keep(f"{self._prefix}{name}", fields.get(name), kept, 1)
        kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
        if not unread and is_model(kind) and is_lasting(kind):
            self.clean.add(kind)
        return kept

    def _keep(self, path: str, value: Any, kept: _Numbers | None, depth: int) -> _Numbers | None:
        if isinstance(value, bool) or "cost" in path:
            return kept
        if isinstance(value, int | float):
            fits = 0 < value <= MAX_REPORTED_AMOUNT and len(path) <= MAX_PATH_CHARACTERS
            return (
                {**(kept or {}), path: value} if fits and len(kept or ()) < MAX_REPORTED else kept
            )
        kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
        if depth < MAX_REPORTED_DEPTH and (isinstance(value, dict) or is_model(kind)):
            for name, inner in list(fields_of(value).items()):
                if name not in self._ignores:
                    kept = self._keep(f"{path}.{name}", inner, kept, depth + 1)
        return kept
