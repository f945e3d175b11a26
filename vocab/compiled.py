"""How kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function that neither makes nor returns an array; without the interpreter's lock, kept on disk.

    numba counts references to each array that a function is given, in steps that all cores must agree on. Around a call
    for every word that takes as long as the word itself; and such a function has no use for it (numba issues 2345 and
    2350).
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
    return cast(Function, njit(**options)(function))
