"""``python -m skdistill report ...``: a report from a terminal."""

import sys

from .report.command import main

if __name__ == "__main__":
    sys.exit(main())
