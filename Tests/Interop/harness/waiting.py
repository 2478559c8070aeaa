"""Waiting without guessing: a condition is asked for until it holds, and the deadline is a failure, never a pause.

No test sleeps and then looks. It says what must become true, and within which time.
"""
import time


class Late(AssertionError):
    """A condition did not come to hold in its time."""


def eventually(condition, seconds=20.0, what=None, every=0.02):
    """The first truthy answer of `condition`; what it raises counts as not yet, and is shown when time is over."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError, EOFError, ValueError, LookupError) as error:
            last = error
        except Exception as error:  # kazoo's own errors have no common base but Exception
            last = error
        if time.monotonic() >= deadline:
            what = what or getattr(condition, "__name__", "the condition")
            raise Late(f"{what} did not come within {seconds:g} s; last: {last!r}")
        time.sleep(every)
