"""Beam's local runner without what makes short jobs long: waiting for a sampler, and asking the same again and again.

Beam has options for neither, so some of its functions are replaced while a job is made and run in this process; the
version of Beam is pinned. Together they were a tenth of a second of each stage.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from apache_beam.runners.worker.statesampler import StateSampler
from apache_beam.transforms import core, userstate

LOOK = 10
"""Milliseconds between two looks at what a worker is doing."""

SWITCH = 2e-4
"""Seconds after which a thread that comes back from a kernel gets the interpreter from one that is busy in it. The
default is 0.005, as long as many a kernel takes: waiting was a fiftieth of a run."""


@contextlib.contextmanager
def brisk() -> Iterator[None]:
    """Make and run jobs in this process without waiting and without asking twice.

    Workers look every so often at which step they are in, for metrics, and when a bundle is through they wait for the
    next look: by default for up to 0.2 s. Whether a function keeps state of its own is found out ten times, from the
    signatures of all its methods, most of which are those of other functions, too. And workers are threads, which here
    hand the interpreter on sooner.
    """
    with (
        switching(SWITCH),
        mock.patch.object(StateSampler.__init__, "__defaults__", (LOOK,)),
        mock.patch.object(core, "get_function_args_defaults", by_method(core.get_function_args_defaults)),
        mock.patch.object(userstate, "get_dofn_specs", remembered(userstate.get_dofn_specs)),
    ):
        yield


@contextlib.contextmanager
def switching(seconds: float) -> Iterator[None]:
    """Have threads wait so long for the interpreter, see `sys.setswitchinterval`."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def remembered(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of one object that is called once for each; objects need no hash, and are kept."""
    known: dict[int, tuple[Any, Any]] = {}

    def ask(one: Any) -> Any:
        if id(one) not in known:
            known[id(one)] = one, function(one)
        return known[id(one)][1]

    return ask


Arguments = tuple[list[str], list[Any]]
"""Names of a function's arguments, and the defaults of the last of them."""


def by_method(function: Callable[[Any], Arguments]) -> Callable[[Any], Arguments]:
    """A function that tells arguments; it is called once for each method, whatever objects that is a method of."""
    known: dict[Any, Arguments] = {}

    def ask(one: Any) -> Arguments:
        if not isinstance(one, types.MethodType):
            return function(one)
        if one.__func__ not in known:
            known[one.__func__] = function(one)
        names, defaults = known[one.__func__]
        return [*names], [*defaults]

    return ask
