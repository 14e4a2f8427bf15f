"""The corpus beside the repository is used where it is, and not missed where it is not."""

from pathlib import Path

import pytest

from .corpus import corpus_rebuild, corpus_rows


def test_missing_corpus_is_no_corpus(tmp_path: Path) -> None:
    """Without the folder there are no rows, and nothing to rebuild them with."""
    assert list(corpus_rows(tmp_path)) == []
    assert corpus_rebuild(tmp_path) is None


def test_corpus_rows_rebuild() -> None:
    """With the folder, its own module turns its rows into SDK objects."""
    module = corpus_rebuild()
    if module is None:
        pytest.skip("the corpus is not beside this repository")
    row = next(r for r in corpus_rows() if r["sdk"] == "openai" and not r["streaming"])
    assert type(module.rebuild(row)).__module__.startswith("openai.")
