"""A property that is worked out once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from functools import cached_property as lazy
else:

    class lazy:  # noqa: N801  # it is used as a decorator
        """`functools.cached_property` as Python has it since 3.12.

        Before, it holds a lock of the class while it works. A process forked meanwhile has that
        lock held for ever, by a thread that it does not have.
        """

        def __init__(self, work_out) -> None:  # noqa: ANN001
            self._work_out = work_out
            self._name = work_out.__name__
            self.__doc__ = work_out.__doc__

        def __get__(self, instance, _owner=None):  # noqa: ANN001, ANN204
            if instance is None:
                return self
            value = instance.__dict__[self._name] = self._work_out(instance)
            return value


__all__ = ["lazy"]
