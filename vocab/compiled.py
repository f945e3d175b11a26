"""How kernels are compiled, and that they are kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.extending import is_jitted

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(*, cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As `numba.njit`, but that a kernel's files are looked for when it is first called, not when it is defined.

    numba sees for each whether its folder can be written, by a file. That took a fifth of the time to import all of
    them, of which a run calls a few: those that these call are part of their files.
    """

    def decorated(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(**options)(function)

        def first(signature: Any) -> Any:
            # In this order: another thread that asks now must find the files, too.
            dispatcher.enable_caching()
            vars(dispatcher).pop("compile", None)
            return dispatcher.compile(signature)

        if cache and is_jitted(dispatcher):
            dispatcher.compile = first
        return dispatcher

    return decorated


def kernel(function: Function) -> Function:
    """Compile a function that neither makes nor returns an array; without the interpreter's lock, kept on disk.

    numba counts references to each array that a function is given, in steps that all cores must agree on. Around a call
    for every word that takes as long as the word itself; and such a function has no use for it (numba issues 2345 and
    2350).
    """
    return njit(cache=True, nogil=True, _nrt=False)(function)
