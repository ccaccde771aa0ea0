"""`python -m tests.soak`: what `make soak` runs once the servers answer."""

import sys

from tests.soak.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
