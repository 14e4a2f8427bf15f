"""Real exchanges, in every form in which a caller can hold one, become what was billed.

Each runs through the real SDK; one that is not installed skips its rows by name.
"""

from typing import Any

import pytest
from providers.expectations import Outcome, check
from providers.forms import Form, deprecations, forms, read

from bearlumen import BearLumen, MemoryTransport
from support.corpus import Row, corpus_rebuild, corpus_rows

CLIENT: Any = corpus_rebuild()
CASES = [
    pytest.param(row, form, id=f"{row['provider']}-{row['surface']}-{row['id'][:8]}-{form.name}")
    for row in corpus_rows()
    for form in forms(row, CLIENT)
]

pytestmark = [
    pytest.mark.skipif(not CASES, reason="the corpus of recorded exchanges is not here"),
    # The SDKs warn of their own doings. That we add nothing is compared.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.parametrize(("row", "form"), CASES)
def test_exchange_is_metered(
    row: Row, form: Form, bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Model, counts and stated price are those of the exchange; the caller loses nothing."""
    untouched = read(row, form, CLIENT)
    tracked = read(row, form, CLIENT, track=bear.track)
    assert tracked.items == untouched.items
    assert (tracked.refused, tracked.error) == (untouched.refused, untouched.error)
    assert tracked.warned == untouched.warned
    with deprecations() as warned:
        bear.flush()
        check(row, form, Outcome(read=tracked, events=sent.events, problems=problems))
    assert not warned
