"""The corpus of real exchanges that lies beside this repository, where there is one.

It is not part of the repository: whoever has it runs more tests, whoever has not runs none of them.
"""

import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"

Row = dict[str, Any]
"""One recorded exchange: the request, the answer, and under `expected` what was billed."""


def corpus_rows(folder: Path = CORPUS) -> Iterator[Row]:
    """The rows of `providers.jsonl`, one recorded exchange each; none without the folder."""
    path = folder / "providers.jsonl"
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


@cache
def corpus_rebuild(folder: Path = CORPUS) -> ModuleType | None:
    """The module that turns a row into an SDK object, or None without the folder.

    Its `rebuild(row)` and `await rebuild_async(row)` raise its own `MissingSDK` where the row's
    SDK is not installed.
    """
    path = folder / "rebuild.py"
    spec = importlib.util.spec_from_file_location("corpus_rebuild", path)
    if not path.is_file() or spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        # The folder is someone else's, and may be read-only.
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes_bytecode
    return module
