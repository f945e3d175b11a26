"""What may go wrong with somebody's data, as opposed to with our code."""

from __future__ import annotations


class InputError(ValueError):
    """Input that cannot be used: the message names the file, the place, the cause and the cure.

    A task that raises it is recorded as failed and the others go on; any other exception is a defect and ends the run.
    """


MARKS = ("<<babelmill: ", " :babelmill>>")
"""Around the message of an error that ends a run: runners bury it in tracebacks of their own."""


def marked(message: str) -> str:
    """A message that `stopped_by` finds again."""
    return message.join(MARKS)


def stopped_by(error: BaseException) -> str | None:
    """The message of what ended a run, given the exception that its runner made of that; None for a defect.

    The last of several: a runner may quote a whole traceback, with the causes first.
    """
    text = str(error)
    if MARKS[0] not in text:
        return None
    return text.rsplit(MARKS[0], 1)[1].split(MARKS[1], 1)[0]
