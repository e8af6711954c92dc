"""``python -m skdistill report ...``: a report from a terminal."""

import sys
from io import TextIOWrapper

from .report.command import main

if __name__ == "__main__":
    # A terminal that lacks a letter, such as the sign of microseconds, shows another.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
