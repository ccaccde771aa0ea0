"""`python -m bench`: what `make bench` runs."""

import sys

from bench.command import main

# The processes that are spawned import this module, too.
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
