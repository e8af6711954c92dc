"""Ctrl-C, noticed while something runs that is to keep what it has found."""

import signal
import threading


class CtrlC:
    """Notices Ctrl-C in a block.

    Parameters
    ----------
    waits : bool, default=False
        Whether what runs in the block asks `was_pressed` at times, and ends by itself: the
        first Ctrl-C then raises nothing.
    """

    def __init__(self, waits=False):
        self.waits, self.was_pressed = waits, False

    def __enter__(self):
        self._handler = None
        # Other threads get no signal.
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            # An ignored signal, or a handler set outside of Python, is no function:
            # left alone.
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._pressed)
        return self

    def _pressed(self, number, frame):
        is_first, self.was_pressed = not self.was_pressed, True
        if not (self.waits and is_first):
            self._handler(number, frame)

    def __exit__(self, *error):
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
