"""How long a search may go on, and what is seen of it meanwhile."""

import math
import time

from tqdm.auto import tqdm

from ...ctrl_c import CtrlC
from ...warn import warn


class Watch:
    """What a search asks between its moves, and tells how far it has come.

    Ctrl-C in its block ends a search as the time budget does: what has been found stays.

    Parameters
    ----------
    time_budget : float, default=None
        Seconds from now on; None for no limit.
    verbose : int, default=0
        Whether a progress bar shows the passes of the search and the lowest loss.

    Attributes
    ----------
    was_cut_short : bool
        Whether a search was told to end.
    """

    def __init__(self, time_budget=None, verbose=0):
        self.time_budget, self.shows = time_budget, bool(verbose)
        self.was_cut_short, self._lowest = False, math.inf
        self._end = math.inf
        if time_budget is not None:
            self._end = time.perf_counter() + time_budget
        self._ctrl_c = CtrlC(waits=True)
        self._bar = tqdm(desc="search", unit="pass", total=0, disable=not self.shows)

    def __enter__(self):
        self._ctrl_c.__enter__()
        return self

    def __exit__(self, *error):
        self._ctrl_c.__exit__(*error)

    def goes_on(self):
        """Whether there is time for one move more.

        Returns
        -------
        bool
            False from the first time on that there was none.
        """
        if self._ctrl_c.was_pressed or time.perf_counter() >= self._end:
            self.was_cut_short = True
        return not self.was_cut_short

    def interrupt(self):
        """Take in a Ctrl-C that was noticed outside of the block."""
        self._ctrl_c.was_pressed = self.was_cut_short = True

    def expect(self, n_passes):
        """Make room in the bar for passes that are to come.

        Parameters
        ----------
        n_passes : int
            Their number.
        """
        if self.shows:
            self._bar.total += n_passes
            self._bar.refresh()

    def saw(self, loss, n_passes=0):
        """Take in the loss of a tree, and passes that are done.

        Parameters
        ----------
        loss : float
            On the rows that are searched.
        n_passes : int, default=0
            Their number, those among them that were not needed.
        """
        if loss < self._lowest:
            self._lowest = loss
            self._bar.set_postfix_str(f"loss={loss:.4g}", refresh=False)
        self._bar.update(n_passes)

    def close(self):
        """Close the bar, which stays in sight."""
        self._bar.close()

    def tell(self):
        """Warn if the search was cut short."""
        if not self.was_cut_short:
            return
        what = "The search was interrupted"
        if not self._ctrl_c.was_pressed:
            what = f"time_budget={self.time_budget} seconds were spent in the search"
        warn(f"{what}; the student keeps the best tree so far.")
