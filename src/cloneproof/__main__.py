"""Run the command line as ``python -m cloneproof``."""

from cloneproof.cli import main

if __name__ == "__main__":
    main()
