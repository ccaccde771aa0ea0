"""`python3 -m integration.launch VERB`: what the Makefile's targets call."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python gets here, and should say so
    sys.exit("Linebridge needs Python 3.11 or later: try `make PYTHON=python3.11 demo`")

from integration.launch.commands import main

sys.exit(main(sys.argv[1:]))
