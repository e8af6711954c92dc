"""``python -m skdistill report ...``: a report from a terminal."""

import sys

from .report.command import main

if __name__ == "__main__":
    # A terminal that lacks a letter, such as the sign of microseconds, shows another.
    sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
