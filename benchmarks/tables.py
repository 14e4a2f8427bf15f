"""The figures of `delivery.py` as a person reads them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from subjects import FLOOR, FLOOR_UUID, JOURNAL, OURS, SUBJECTS

UNCHANGED_SHARE: Final = 1.25
"""Two medians of the same run that are closer than that are the same."""

Report = dict[str, Any]
Row = dict[str, Any]


def report_text(report: Report) -> str:
    """Every table, and the targets beside what was measured."""
    blocks = [_heading(report)]
    writers: dict[str, Callable[[Any], str]] = {
        "hot": _hot, "flood": _flood, "import": _import, "outage": _outage,
    }  # fmt: skip
    blocks += [writer(report[kind]) for kind, writer in writers.items() if report.get(kind)]
    blocks.append(table(("target", "at most", "measured", "met"), list(targets(report))))
    if missing := report["missing"]:
        blocks.append("\n".join(f"not measured: {name}: {why}" for name, why in missing.items()))
    return "\n\n".join(blocks)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown that is also readable as it is."""
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return f"| {first[0]:<{first[1]}} | " + " | ".join(f"{c:>{w}}" for c, w in others) + " |"

    rule = f"| {'-' * widths[0]} | " + " | ".join("-" * (w - 1) + ":" for w in widths[1:]) + " |"
    return "\n".join([line(head), rule, *map(line, rows)])


def _heading(report: Report) -> str:
    machine: Row = report["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in report["versions"].items())
    return (
        f"Python {machine['python']}, {machine['cores']} cores of {machine['processor']}, "
        f"Linux {machine['kernel']}; load {machine['load_before']:.1f} before and "
        f"{machine['load_after']:.1f} after; {report['plan']['rounds']} rounds\n{versions}"
    )


def _label(name: str) -> str:
    return SUBJECTS[name].label


def _ordered(rows: dict[str, Row]) -> Iterator[tuple[str, Row]]:
    return ((name, rows[name]) for name in SUBJECTS if name in rows)


def _times(value: float, rows: dict[str, Row], figure: str) -> str:
    return f"{value / rows[FLOOR][figure]:.1f}" if FLOOR in rows else "-"


def _hot(rows: dict[str, Row]) -> str:
    head = (
        "one call", "p50 µs", "p90", "p99", "p99.9", "x floor", "CPU µs", "x floor", "a second",
        "lost",
    )  # fmt: skip
    return table(
        head,
        [
            (
                _label(name),
                *(f"{row[figure]:.1f}" for figure in ("p50", "p90", "p99", "p999")),
                _times(row["p50"], rows, "p50"),
                f"{row['cpu_us']:.1f}",
                _times(row["cpu_us"], rows, "cpu_us"),
                f"{row['rate']:,.0f}",
                f"{row['lost']:,}",
            )
            for name, row in _ordered(rows)
        ],
    )


def _flood(rows: dict[str, Row]) -> str:
    head = (
        "a flood", "delivered/s", "of floor", "lost", "wire B", "plain B", "CPU µs", "x floor",
        "µs a call", "requests",
    )  # fmt: skip
    return table(
        head,
        [
            (
                _label(name),
                f"{row['per_second']:,.0f}",
                f"{row['per_second'] / rows[FLOOR]['per_second']:.0%}" if FLOOR in rows else "-",
                f"{row['lost']:,}",
                f"{row['wire_bytes']:.0f}",
                f"{row['plain_bytes']:.0f}",
                f"{row['cpu_us']:.1f}",
                _times(row["cpu_us"], rows, "cpu_us"),
                f"{row['call_us']:.1f}",
                f"{row['requests']:,.0f}",
            )
            for name, row in _ordered(rows)
        ],
    )


def _import(found: Row) -> str:
    four: Row = found["four"]
    head = ("an import", "ms over bare", "x the four", "MB over bare", "client ms", "first call ms")
    rows = [
        ("threading, json, zlib, queue", f"{four['ms']:.1f}", "1.0", f"{four['mb']:.1f}", "", "")
    ]
    for name in SUBJECTS:
        one, first = found["imports"].get(name), found["first"].get(name)
        if one is None and first is None:
            continue
        rows.append(
            (
                _label(name),
                f"{one['ms']:.1f}" if one else "",
                f"{one['ms'] / four['ms']:.1f}" if one else "",
                f"{one['mb']:.1f}" if one else "",
                f"{first['client_ms']:.1f}" if first else "",
                f"{first['first_ms']:.2f}" if first else "",
            )
        )
    note = (
        f"A bare process takes {found['bare_ms']:.1f} ms. The last two columns are of a process "
        "that has openai: the import with the client, and the first call."
    )
    return f"{table(head, rows)}\n\n{note}"


def _outage(rows: dict[str, Row]) -> str:
    head = (
        "an outage", "calls", "peak MB", "after MB", "early p50 µs", "late p50 µs", "lost",
        "counted", "doubled", "recovery s",
    )  # fmt: skip
    return table(
        head,
        [
            (
                _label(name),
                f"{row['calls']:,}",
                f"{row['peak_mb']:+.1f}",
                f"{row['after_mb']:+.1f}",
                f"{row['early_us']:.1f}",
                f"{row['late_us']:.1f}",
                f"{row['calls'] - row['kept']:,}",
                f"{_counted(row):,}",
                f"{row['doubled']:,}",
                f"{row['recovery_s']:.1f}",
            )
            for name, row in _ordered(rows)
        ],
    )


def _counted(row: Row) -> int:
    return sum(row["after"]["dropped"].values())


def targets(report: Report) -> Iterator[tuple[str, str, str, str]]:
    """What we aim at, and whether it was met."""
    for name, wanted, measured, met in _targets(report):
        yield name, wanted, measured, "yes" if met else "NO"


def _targets(report: Report) -> Iterator[tuple[str, str, str, bool]]:
    hot: dict[str, Row] = report.get("hot") or {}
    for name, most in ((OURS, 6.0), (JOURNAL, 12.0)):
        if (row := hot.get(name)) is None:
            continue
        label = _label(name)
        # The floor of the target makes an id as most programs do.
        if name == OURS and FLOOR_UUID in hot:
            ratio = row["p50"] / hot[FLOOR_UUID]["p50"]
            yield f"{label}: p50 over the {_label(FLOOR_UUID)}", "3 x", f"{ratio:.1f} x", ratio <= 3
        for figure, said, limit in (
            ("p50", "p50", most), ("p99", "p99", 75.0), ("p999", "p99.9", 200.0),
            ("cpu_us", "CPU of an event", 15.0),
        ):  # fmt: skip
            value = row[figure]
            yield f"{label}: {said}", f"{limit:.0f} µs", f"{value:.1f} µs", value <= limit
    yield from _flood_targets(report.get("flood") or {})
    if found := report.get("import"):
        yield from _import_targets(found)
    yield from _outage_targets(report.get("outage") or {})


def _flood_targets(rows: dict[str, Row]) -> Iterator[tuple[str, str, str, bool]]:
    for name in (OURS, JOURNAL):
        if (row := rows.get(name)) is None:
            continue
        label, rate = _label(name), row["per_second"]
        yield f"{label}: delivered", "≥ 70,000/s", f"{rate:,.0f}/s", rate >= 70_000
        lost = row["lost"] + row["doubled"]
        yield f"{label}: lost or doubled", "0", f"{lost:,}", lost == 0
        wire = row["wire_bytes"]
        yield f"{label}: on the wire", "60 B", f"{wire:.1f} B", wire <= 60


def _import_targets(found: Row) -> Iterator[tuple[str, str, str, bool]]:
    if one := found["imports"].get(OURS):
        ratio = one["ms"] / found["four"]["ms"]
        yield "import over bare", "20 ms", f"{one['ms']:.1f} ms", one["ms"] <= 20
        yield "import over the standard four", "2 x", f"{ratio:.1f} x", ratio <= 2
        yield "import, memory", "6 MB", f"{one['mb']:.1f} MB", one["mb"] <= 6
    for name in (OURS, JOURNAL):
        if first := found["first"].get(name):
            ms = first["first_ms"]
            yield f"{_label(name)}: first call", "5 ms", f"{ms:.2f} ms", ms <= 5


def _outage_targets(rows: dict[str, Row]) -> Iterator[tuple[str, str, str, bool]]:
    for name, row in _ordered(rows):
        label, peak, lost = _label(name), row["peak_mb"], row["calls"] - row["kept"]
        yield f"{label}: memory in an outage", "+64 MB", f"{peak:+.1f} MB", peak <= 64
        counted = _counted(row)
        wanted = "all counted" if name == OURS else "0"
        met = counted == lost and (name == OURS or lost == 0)
        text = f"{lost:,}, counted {counted:,}"
        yield f"{label}: lost in an outage", wanted, text, met
        early, late = row["early_us"], row["late_us"]
        same = late <= early * UNCHANGED_SHARE
        yield f"{label}: p50 late in an outage", "unchanged", f"{early:.1f} → {late:.1f} µs", same
