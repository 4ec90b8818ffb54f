"""`python -m visq` is the same as `visq`."""

import sys

from visq.cli import main

if __name__ == "__main__":
    sys.exit(main())
