"""The frameworks that are needed."""

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("litestar")
pytest.importorskip("quart")
