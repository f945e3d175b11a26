"""Tables that are made when somebody first asks for them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable
from typing import TypeVar

Result = TypeVar("Result")


def once(function: Callable[..., Result]) -> Callable[..., Result]:
    """As `functools.cache`, but that threads which ask at the same time wait for one of them instead of all making it.

    Args:
        function: of hashable positional arguments; it must not ask for another table of its own.
    """
    kept, lock = functools.cache(function), threading.Lock()

    @functools.wraps(function)
    def asked(*arguments: Hashable) -> Result:
        with lock:
            return kept(*arguments)

    return asked
