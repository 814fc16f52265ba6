"""The command line: parse, call, print. No logic."""


def main() -> None:
    """Entry point of the `llmlogs` command."""
