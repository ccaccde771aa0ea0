"""`python -m tests.soak_hour --minutes 60`: what `make soak ARGS="--minutes 60"` runs."""

import sys

from tests.soak_hour.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
