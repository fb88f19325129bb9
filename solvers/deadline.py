"""The clock that a solver runs under."""

import time


class Deadline:
    """Ends ``time_limit_s`` seconds after it is made, or at once when cancelled.

    It is made before the model is built and covers build, solve, ordering and decoding.
    """

    def __init__(self, time_limit_s: float, whole: "Deadline | None" = None) -> None:
        self.time_limit_s = time_limit_s
        self._start_s = time.perf_counter()
        self._cancelled = False
        self._whole = whole

    def part(self, share: float) -> "Deadline":
        """Return a deadline that takes a share of what is left, 0 to 1, and ends with this one at the latest."""
        return Deadline(share * self.remaining_s(), self)

    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._start_s

    def remaining_s(self, reserve_s: float = 0.0) -> float:
        """Seconds left, less a reserve for what is still to be done after; never negative."""
        if self._cancelled:
            return 0.0
        own_s = max(0.0, self.time_limit_s - reserve_s - self.elapsed_s())
        return own_s if self._whole is None else min(own_s, self._whole.remaining_s(reserve_s))

    def expired(self, reserve_s: float = 0.0) -> bool:
        """Tell whether the time, less the reserve, is over or the run was cancelled."""
        return self.remaining_s(reserve_s) <= 0.0

    def cancel(self) -> None:
        """End it now: the solver returns its best plan as soon as it looks; callable from a signal handler."""
        self._cancelled = True
