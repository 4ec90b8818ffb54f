"""The command line. `main` is the program `visq`; each command lives in a file of its own.

The group knows its commands by name, place and one line of help (`COMMANDS`), and imports a command only when it is
run, so that `visq --help` loads nothing but click. Mistakes of the user end in one line on standard error, never in a
traceback.

Exit codes: 0 all fine; 1 some inputs were not scored, or the run could not be finished; 2 wrong usage, nothing was
scored; 3 a gate failed; 130 interrupted (143 by SIGTERM).
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from importlib import import_module

import click

import visq
from visq.cli import exits
from visq.cli.messages import as_options, forget_output, say
from visq.errors import VisqError

#: name: (where the command is, what it does in one line)
COMMANDS: dict[str, tuple[str, str]] = {
    "score": ("visq.cli.score:command", "Judge images by themselves: files, folders, patterns, lists."),
    "compare": ("visq.cli.compare:command", "Compare images with their pristine references."),
    "features": ("visq.cli.features:command", "Keep the few numbers of a reference that images can be judged by."),
    "video": ("visq.cli.video:command", "Score videos frame by frame."),
    "explain": ("visq.cli.explain:command", "Show which parts of a picture decide on its score."),
    "halves": ("visq.cli.halves:command", "Tell whether half of an image decides what models say of it."),
    "distort": ("visq.cli.distort:command", "Degrade pictures in known ways, at known strengths."),
    "recover": ("visq.cli.recover:command", "Recover a picture by descending a metric."),
    "dataset": ("visq.cli.dataset:command", "Read, check, split and make rated image databases."),
    "evaluate": ("visq.cli.evaluate:command", "Tell how well scores agree with people."),
    "bench": ("visq.cli.bench:command", "Score rated databases and print the leader-board."),
    "probe": ("visq.cli.probe:command", "Tell how well networks' internal distances agree with people."),
    "train": ("visq.cli.train:command", "Train what a recipe says."),
    "fit": ("visq.cli.fit:command", "Fit the read-out of a system on a rated database."),
    "export": ("visq.cli.export:command", "Write a metric's network as a file that runs without torch."),
    "list": ("visq.cli.list:command", "List the metrics."),
    "show": ("visq.cli.show:command", "Tell everything about one metric."),
    "weights": ("visq.cli.weights:command", "List, find, check and fetch the files of parameters."),
    "doctor": ("visq.cli.doctor:command", "Check the installation: versions, threads, caches, extras."),
}

_EXAMPLES = """\b
Examples:
  visq score photo.jpg
  visq score photos/ --jobs 4 -o scores.csv
  visq compare original.png copy.jpg -m ssim --maps maps/
"""


# click 8.2 and later raise it, earlier ones print the help themselves.
_NO_ARGUMENTS: type[click.UsageError] | tuple[()] = getattr(click.exceptions, "NoArgsIsHelpError", ())


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        return getattr(import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"{_EXAMPLES}\n{exits.EPILOG}",
)
@click.version_option(visq.__version__, "--version", message="visq %(version)s")
def group() -> None:
    """Measure how good an image looks, and say where it went wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        code = group.main(args=arguments, prog_name="visq", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else exits.OK
    except _NO_ARGUMENTS as error:
        click.echo(error.format_message())
        return exits.USAGE
    except click.UsageError as error:
        say(_sentence(error.format_message()), _where_help_is(error))
        return exits.USAGE
    except click.ClickException as error:
        say(error.format_message())
        return exits.USAGE
    except click.Abort:
        say("interrupted")
        return exits.INTERRUPTED
    except KeyboardInterrupt:
        say("interrupted")
        return exits.INTERRUPTED
    except VisqError as error:
        say(as_options(str(error)))
        return exits.USAGE
    except BrokenPipeError:
        forget_output()
        return exits.OK
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        forget_output()
        say(f"the output cannot be written: {error.strerror}")
        return exits.SOME_FAILED


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _where_help_is(error: click.UsageError) -> str:
    return f"See `{error.ctx.command_path} --help`." if error.ctx is not None else ""


__all__ = ["COMMANDS", "group", "main"]
