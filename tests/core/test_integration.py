"""What the integration packages build on."""

from collections.abc import Generator
from typing import Any

from bearlumen import BearLumen, MemoryTransport
from bearlumen.integration import guard_of, inside

CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}


def test_a_scope_in_steps_holds_in_each_and_not_between() -> None:
    """Two bodies that are read by turns keep their end users; what a step opens stays open."""
    sent = MemoryTransport()
    with BearLumen(api_key="k", transport=sent) as bear:

        def body() -> Generator[None, None, None]:
            bear.track(CHAT)
            with bear.scope(feature="inner"):
                yield
                bear.track(CHAT)

        bodies = [(body(), inside(bear, end_user=name)) for name in ("alice", "bob")]
        for _ in range(2):
            for steps, within in bodies:
                with within:
                    next(steps, None)
                bear.track(CHAT)
    found = [(e.get("user_id"), e["metadata"].get("feature")) for e in sent.events]
    nobody = (None, None)
    assert found == [
        ("alice", None), nobody, ("bob", None), nobody,
        ("alice", "inner"), nobody, ("bob", "inner"), nobody,
    ]  # fmt: skip


def test_a_fault_of_ours_is_reported_and_goes_no_further() -> None:
    """Once for each problem, to `on_error`."""
    problems: list[Any] = []
    bear = BearLumen(api_key="k", transport=MemoryTransport(), on_error=problems.append)
    with bear, guard_of(bear)("reading the user"):
        raise KeyError("user")
    assert [type(problem) for problem in problems] == [KeyError]
