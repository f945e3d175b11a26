"""How kernels are compiled, and that they are kept on disk."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numba
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime import rtsys
from numba.extending import is_jitted

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(*, cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As `numba.njit`, but that a kernel's files are looked for when it is first called, not when it is defined.

    numba sees for each whether its folder can be written, by a file. That took a fifth of the time to import all of
    them, of which a run calls a few: those that these call are part of their files.
    """

    def decorated(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(**options)(function)
        compile_ = dispatcher.compile

        def first(signature: Any) -> Any:
            # In this order: another thread that asks now must find the files, too.
            dispatcher.enable_caching()
            dispatcher.compile = loaded
            return loaded(signature)

        def loaded(signature: Any) -> Any:
            with _loading(dispatcher.targetctx):
                return compile_(signature)

        if cache and is_jitted(dispatcher):
            dispatcher.compile = first
        return dispatcher

    return decorated


@contextlib.contextmanager
def _loading(context: Any) -> Iterator[None]:
    """Have numba look for a kernel's files without its tables of all that it can compile.

    These take as long to fill as all kernels of a run to load. Whatever has no file is compiled, which fills them.
    """

    def refresh() -> None:
        del context.refresh
        rtsys.initialize(context)

    with global_compiler_lock:
        context.refresh = refresh
        try:
            yield
        finally:
            vars(context).pop("refresh", None)


def kernel(function: Function) -> Function:
    """Compile a function that neither makes nor returns an array; without the interpreter's lock, kept on disk.

    numba counts references to each array that a function is given, in steps that all cores must agree on. Around a call
    for every word that takes as long as the word itself; and such a function has no use for it (numba issues 2345 and
    2350).
    """
    return njit(cache=True, nogil=True, _nrt=False)(function)
