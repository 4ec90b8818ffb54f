"""`python -m visq` is the same as `visq`."""

from visq.cli import main

if __name__ == "__main__":
    main()
