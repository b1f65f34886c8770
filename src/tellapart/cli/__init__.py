"""The command line. Flags, variables and help come from the dataclasses in `config`; torch loads after the checks."""

import io
import os
import signal
import sys
import threading

from cyclopts import App, CycloptsError, Parameter

from tellapart import __version__
from tellapart.cli.judging import check, evaluate, predict
from tellapart.cli.learning import resume, train, tune
from tellapart.cli.listing import doctor, models, recipes
from tellapart.errors import SettingError, TellapartError
from tellapart.layers import check_variables, fill_from_files, from_variables
from tellapart.world import wait_passively

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells count it."""

app = App(
    name="tellapart",
    help="From labelled pictures to a classifier that can be trusted. Settings can also be TELLAPART_* variables.",
    version=__version__,
    default_parameter=Parameter(consume_multiple=True, negative_iterable="", show_env_var=False),
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
for command in (train, resume, evaluate, predict, check, tune, models, recipes, doctor):
    app.command(command)


def main(argv: list[str] | None = None) -> None:
    """Run the command line; the exit code says how it went (see the README)."""
    wait_passively()
    app.config = (from_variables, fill_from_files)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal can't show is shown by its numbers
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    try:
        check_variables()
        app(
            sys.argv[1:] if argv is None else argv, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        _fail(_one_line(error), SettingError.exit_code)
    except TellapartError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:  # a full or read-only disk, say
        if isinstance(error, BrokenPipeError):  # the reader of our output went away, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(TellapartError.exit_code)
        _fail(f"{error.filename or 'system'}: {error.strerror or error}", TellapartError.exit_code)
    except KeyboardInterrupt as stopped:
        _fail(str(stopped) or "Interrupted.", INTERRUPTED)


def _stop(*_: object) -> None:
    """A request to end, as from a job queue, is taken like Ctrl-C: the run says that it was interrupted."""
    raise KeyboardInterrupt


def _one_line(error: CycloptsError) -> str:
    return " ".join(str(error).split())


def _fail(message: str, code: int) -> None:
    print(f"tellapart: {message}", file=sys.stderr)
    sys.exit(code)
