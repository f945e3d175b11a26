"""What may go wrong with somebody's data, as opposed to with our code."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used: the message names the file, the place, the cause and the cure.

    A task that raises it is recorded as failed and the others go on; any other exception is a defect and ends the run.
    """
