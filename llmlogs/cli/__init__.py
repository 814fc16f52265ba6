"""The command line: parse, call, print. No logic, and no heavy import before a command runs."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Annotated, Any

import typer
import typer.core

from llmlogs import __version__
from llmlogs.cli import talk
from llmlogs.errors import Exit, LlmlogsError

EPILOG = """Start: llmlogs ingest logs/ && llmlogs report --open

Without keeping a database: llmlogs report logs/*.jsonl -o report.html"""


class ReaderGoneError(Exception):
    """The reader of our output went away (`| head`)."""


class Commands(typer.core.TyperGroup):
    """The parser itself ends with 1 on a broken pipe; here 1 means an alarm."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; ReaderGoneError in place of the operating system's error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGoneError from error


app = typer.Typer(
    name="llmlogs",
    cls=Commands,
    help="Read the LLM call logs you already have and answer, offline, what a team asks in production.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"llmlogs {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)] = False,
) -> None:
    """Read the LLM call logs you already have and answer, offline, what a team asks in production."""


def _register() -> None:
    """Every module of this folder that has `register(app)` adds its commands."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "register"):
            module.register(app)


_register()


def main() -> None:
    """Entry point of the `llmlogs` command: no traceback for a user's mistake, the exit codes of llmlogs.errors."""
    sys.exit(_run())  # outside every `except`: a frame kept by an error would keep its database connection past the interpreter's end


def _run() -> int:
    try:
        code = app(prog_name="llmlogs", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, ReaderGoneError):  # that is its right
        talk.close_stdout()
        return Exit.DONE
    except LlmlogsError as error:
        talk.error(str(error))
        return error.code
    except KeyboardInterrupt:
        talk.error("interrupted; what was committed stays")
        return Exit.INTERRUPTED
    except Exception as error:
        return talk.unexpected(error)
    return code if isinstance(code, int) else Exit.DONE
