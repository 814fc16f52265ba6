"""An attribute that is worked out when it is first asked for. Like functools.cached_property, without its lock (Python 3.11's costs more than most values)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 # used as a decorator
    """Marks a method without arguments; its first result replaces it on the object."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make, self._name = make, make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, holder: None, kind: type) -> once[T]: ...
    @overload
    def __get__(self, holder: object, kind: type) -> T: ...
    def __get__(self, holder: object | None, kind: type) -> once[T] | T:
        if holder is None:
            return self
        value = holder.__dict__[self._name] = self._make(holder)
        return value
