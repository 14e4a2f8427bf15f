"""What holds the events until the server has them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..events import UsageEvent

    class Queue(Protocol):
        """In memory or on disk. `put` is for any thread, the rest for the one that delivers."""

        def __len__(self) -> int: ...

        taken_over: int

        @property
        def removed(self) -> int:
            """Events that left since the start: delivered, or given up."""
            ...

        def put(self, event: UsageEvent) -> bool:
            """Take an event in; False, and counted, if it is lost."""
            ...

        def arm(self, count: int) -> bool:
            """Have the worker woken when `count` events wait; False if they do already."""
            ...

        def first(self, limit: int, max_bytes: int, *, hurry: bool = False) -> list[bytes]:
            """The oldest events as JSON. They stay until `remove` is told."""
            ...

        def remove(self, count: int) -> bool:
            """Forget the oldest, which are settled; False if they were given up before."""
            ...

        def adopt(self) -> None:
            """Take over what other processes left behind."""
            ...

        def refuse(self) -> None:
            """Take no more."""
            ...

        def close(self) -> None:
            """Take no more, and give up what only memory holds."""
            ...

        def let_go(self) -> None:
            """Let go of what is open; nothing is sent from here any more."""
            ...

        def inherited(self) -> list[UsageEvent]:
            """After a fork: the events that a parent without a thread could not send."""
            ...

        def abandon(self) -> None:
            """After a fork: let go of what is the parent's."""
            ...

        def journal_bytes(self) -> int:
            """Bytes on disk."""
            ...
