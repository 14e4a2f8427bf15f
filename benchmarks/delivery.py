"""What recording and delivering a call costs, beside the floor and other SDKs, in one run.

uv run python benchmarks/delivery.py                             # some fifteen minutes
uv run python benchmarks/delivery.py --quick                     # a minute, to see that it works
uv run python benchmarks/delivery.py --only hot,flood --subjects floor,bearlumen
uv run python benchmarks/delivery.py --json
"""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import environments
from subjects import JOURNAL, OURS, SUBJECTS
from tables import report_text

HERE: Final = Path(__file__).parent
KINDS: Final = ("hot", "flood", "import", "outage")
FOUR: Final = "import threading, json, zlib, queue"
"""What no SDK that works in the background can do without."""
BARE: Final = "bare"
QUIET_SECONDS: Final = 0.3
"""A server that got nothing for so long has got everything."""
CHILD_SECONDS: Final = 900
IMPORT_TAIL: Final = """
import os
pages = int(open("/proc/self/statm").read().split()[1])
print(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, flush=True)
os._exit(0)
"""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much of everything is measured."""

    rounds: int
    hot_calls: int
    flood_calls: int
    imports: int
    outage_calls: int


FULL: Final = Plan(
    rounds=3, hot_calls=20_000, flood_calls=200_000, imports=15, outage_calls=1_000_000
)
QUICK: Final = Plan(rounds=1, hot_calls=2_000, flood_calls=5_000, imports=1, outage_calls=15_000)


def main() -> None:
    """Measure, and print the tables."""
    options = _options()
    plan = QUICK if options.quick else FULL
    run = Run(here=options.here, plan=plan, subjects=options.subjects)
    report: dict[str, Any] = {"machine": machine(), "plan": {"rounds": plan.rounds}}
    measure: dict[str, Callable[[], Any]] = {
        "hot": run.hot, "flood": run.flood, "import": run.imports, "outage": run.outage,
    }  # fmt: skip
    for kind in options.only:
        report[kind] = measure[kind]()
    report["machine"]["load_after"] = os.getloadavg()[0]
    report["versions"], report["missing"] = run.versions, run.missing
    print(json.dumps(report, indent=1) if options.json else report_text(report))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little of all, to see that it works")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--only", type=_some(KINDS), default=list(KINDS), help=",".join(KINDS))
    parser.add_argument(
        "--subjects", type=_some(SUBJECTS), default=list(SUBJECTS), help=",".join(SUBJECTS)
    )
    parser.add_argument(
        "--here", action="store_true", help="run in this environment and make none: no peers"
    )
    return parser.parse_args()


def _some(known: Any) -> Callable[[str], list[str]]:
    def chosen(text: str) -> list[str]:
        wanted = text.split(",")
        if unknown := set(wanted).difference(known):
            raise argparse.ArgumentTypeError(f"no such: {sorted(unknown)}; of {list(known)}")
        return [name for name in known if name in wanted]

    return chosen


def machine() -> dict[str, Any]:
    """Where it was measured."""
    cpus = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": cpus[0] if cpus else platform.processor(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


class Run:
    """One run: the subjects that can be measured, and the measurements."""

    def __init__(self, *, here: bool, plan: Plan, subjects: list[str]) -> None:
        self._plan = plan
        self.versions: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self._pythons: dict[str, Path] = {}
        for name in subjects:
            home = SUBJECTS[name].environment
            if here and home == OURS:
                self._pythons[name] = Path(sys.executable)
            elif here:
                self.missing[name] = "it has an environment of its own"
            else:
                self._prepare(name, home)

    def _prepare(self, name: str, home: str) -> None:
        same = [self._pythons[n] for n in self._pythons if SUBJECTS[n].environment == home]
        try:
            self._pythons[name] = same[0] if same else environments.python(home)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()
            self.missing[name] = f"not installed: {said[-1] if said else error}"

    def _rounds(self, rounds: int) -> Iterator[tuple[int, str]]:
        """Every subject in turn, each time beginning with another one."""
        for turn in range(rounds):
            names = list(self._pythons)
            start = turn % len(names)
            for name in names[start:] + names[:start]:
                if name not in self.missing:
                    _say(f"round {turn + 1} of {rounds}: {name}")
                    yield turn, name

    def hot(self) -> dict[str, Row]:
        """Calls at a steady rate."""
        rows: dict[str, list[Row]] = {}
        for turn, name in self._rounds(self._plan.rounds):
            with (
                Sink() as sink,
                self._child("hot", name, sink.port, turn, self._plan.hot_calls) as child,
            ):
                row = self._last(name, child)
                if row is not None:
                    row["lost"] = row["recorded"] - sink.report()["distinct"]
                    rows.setdefault(name, []).append(row)
        return _medians(rows)

    def flood(self) -> dict[str, Row]:
        """As many calls as can be made."""
        rows: dict[str, list[Row]] = {}
        calls = self._plan.flood_calls
        for turn, name in self._rounds(self._plan.rounds):
            with Sink() as sink, self._child("flood", name, sink.port, turn, calls) as child:
                if not self._ready(name, child):
                    continue
                sink.report()
                sink.reset()
                _tell(child)
                row = self._last(name, child)
                if row is None:
                    continue
                got = sink.report()
                row |= {
                    "lost": calls - got["distinct"],
                    "doubled": got["events"] - got["distinct"],
                    "requests": got["requests"],
                    "per_second": got["distinct"] / row["seconds"],
                    "wire_bytes": got["wire_bytes"] / max(1, got["events"]),
                    "plain_bytes": got["plain_bytes"] / max(1, got["events"]),
                }
                rows.setdefault(name, []).append(row)
        return _quickest(rows)

    def outage(self) -> dict[str, Row]:
        """Very many calls while nothing listens; then something does, and what was kept comes."""
        rows: dict[str, Row] = {}
        calls = self._plan.outage_calls
        for name in (OURS, JOURNAL):
            if name not in self._pythons or name in self.missing:
                continue
            _say(f"outage: {name}")
            with ExitStack() as stack:
                taken = stack.enter_context(_nobody_listening())
                port: int = taken.getsockname()[1]
                child = stack.enter_context(self._child("outage", name, port, 1, calls))
                if not self._ready(name, child):
                    continue
                taken.close()
                sink = stack.enter_context(Sink(port))
                _tell(child)
                row = self._last(name, child)
                if row is not None:
                    got = sink.report()
                    row |= {"kept": got["distinct"], "doubled": got["events"] - got["distinct"]}
                    rows[name] = row
        return rows

    def imports(self) -> dict[str, Any]:
        """Milliseconds and MB over a bare interpreter, and the first call of a process."""
        floor = self._pythons.get(OURS) or next(iter(self._pythons.values()))
        cases: dict[str, tuple[Path, str]] = {BARE: (floor, "pass"), FOUR: (floor, FOUR)}
        for name, python in self._pythons.items():
            if (statement := SUBJECTS[name].imports) is not None:
                cases[f"{BARE} {name}"] = (python, "pass")
                cases[name] = (python, statement)
        times: dict[str, list[tuple[float, float]]] = {case: [] for case in cases}
        for turn in range(self._plan.imports + 1):
            _say(f"imports: {turn} of {self._plan.imports}")
            for case, (python, statement) in cases.items():
                took = _import(python, statement)
                if turn:  # the first finds the files
                    times[case].append(took)
        middle = {case: _middle(found) for case, found in times.items()}
        imports = {
            name: {
                "ms": middle[name][0] - middle[bare][0],
                "mb": middle[name][1] - middle[bare][1],
            }
            for name in middle
            if (bare := BARE if name == FOUR else f"{BARE} {name}") in middle
        }
        return {
            "bare_ms": middle[BARE][0],
            "four": imports.pop(FOUR),
            "imports": imports,
            "first": self._first_calls(),
        }

    def _first_calls(self) -> dict[str, Row]:
        rows: dict[str, list[Row]] = {}
        for _, name in self._rounds(max(1, self._plan.imports // 2)):
            with Sink() as sink, self._child("first", name, sink.port) as child:
                row = self._last(name, child)
                if row is not None:
                    rows.setdefault(name, []).append(row)
        return _medians(rows)

    @contextmanager
    def _child(
        self, what: str, name: str, port: int, *numbers: int
    ) -> Generator[subprocess.Popen[str]]:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            command = [self._pythons[name], HERE / "probe.py", what, name, port, folder, *numbers]
            child = subprocess.Popen(
                [str(one) for one in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environments.child_environment(),
            )
            try:
                yield child
            finally:
                child.kill()
                child.communicate()

    def _ready(self, name: str, child: subprocess.Popen[str]) -> bool:
        """Whether it waits to be told; else it ended, and why is noted."""
        assert child.stdout is not None  # it was asked for
        if child.stdout.readline():
            return True
        self._last(name, child)
        return False

    def _last(self, name: str, child: subprocess.Popen[str]) -> Row | None:
        """The figures that it prints at its end; None, and noted, if it failed."""
        try:
            out, said = child.communicate(timeout=CHILD_SECONDS)
        except subprocess.TimeoutExpired:
            self.missing[name] = f"not done after {CHILD_SECONDS} s"
            return None
        if child.returncode:
            self.missing[name] = said.strip().splitlines()[-1] if said.strip() else "it ended"
            return None
        row: Row = json.loads(out.splitlines()[-1])
        self.versions |= row.pop("versions")
        return row


class Sink:
    """The server, in a process of its own."""

    def __init__(self, port: int = 0) -> None:
        self._child = subprocess.Popen(
            [sys.executable, HERE / "sink.py", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()

    def reset(self) -> None:
        """Forget what came."""
        self._ask("reset")

    def report(self) -> Row:
        """What came, once nothing more comes."""
        last, now = "", self._ask("requests")
        while now != last:
            time.sleep(QUIET_SECONDS)
            last, now = now, self._ask("requests")
        found: Row = json.loads(self._ask("report"))
        return found

    def _ask(self, command: str) -> str:
        assert self._child.stdin is not None  # it was asked for
        self._child.stdin.write(command + "\n")
        self._child.stdin.flush()
        return self._read()

    def _read(self) -> str:
        assert self._child.stdout is not None  # it was asked for
        return self._child.stdout.readline()


@contextmanager
def _nobody_listening() -> Generator[socket.socket]:
    """A port that is taken, so that nobody else gets it, and refuses every connection."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        yield taken


def _tell(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None  # it was asked for
    child.stdin.write("\n")
    child.stdin.flush()


def _import(python: Path, statement: str) -> tuple[float, float]:
    """Milliseconds of a whole process that imports something, and its MB."""
    began = time.perf_counter()
    done = subprocess.run(
        [python, "-I", "-c", statement + IMPORT_TAIL],
        capture_output=True,
        check=True,
        text=True,
        env=environments.child_environment(),
    )
    return (time.perf_counter() - began) * 1e3, float(done.stdout)


def _middle(found: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(ms for ms, _ in found), statistics.median(mb for _, mb in found)


def _medians(rows: dict[str, list[Row]]) -> dict[str, Row]:
    """A subject's figures: of each, the median of its rounds; what was lost is the most."""
    return {
        name: {
            figure: max(values) if figure == "lost" else statistics.median(values)
            for figure in found[0]
            if (values := [row[figure] for row in found])
        }
        for name, found in rows.items()
    }


def _quickest(rows: dict[str, list[Row]]) -> dict[str, Row]:
    """A subject's figures in its quickest round: others on the machine only ever slow one down."""
    return {
        name: max(found, key=lambda row: row["per_second"])
        | {figure: max(row[figure] for row in found) for figure in ("lost", "doubled")}
        for name, found in rows.items()
    }


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
