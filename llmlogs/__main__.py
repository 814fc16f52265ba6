"""`python -m llmlogs` is `llmlogs`."""

from llmlogs.cli import main

if __name__ == "__main__":
    main()
