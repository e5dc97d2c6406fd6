"""The command line: each subcommand is its own module, imported only when it is called.

A module is found by its command's name (`COMMANDS` below); commands of a group are `bench_…` and `evaluate_…`. What
several of them use: `place` (which repository and room), `operator` (asking a running room), `tasks`, `arrange`,
`crew`, `kinds` and `toolsmith` (from words to a run), `suite_options`; what a person sees: `screen`, `progress`,
`loop_result`, `trouble`, `until` (Ctrl-C).
"""

import errno
import gc
import os
from importlib import import_module
from typing import Any

import click

from coroom.core.errors import with_one_stop
from coroom.processes.stopped import STOPPED

# The command's name, and the module that holds a click command of the same name.
COMMANDS = {
    "bench": "coroom.cli.bench",
    "bisect": "coroom.cli.bisect",
    "claim": "coroom.cli.claim",
    "claims": "coroom.cli.claim",
    "check": "coroom.cli.check",
    "demo": "coroom.cli.demo",
    "evaluate": "coroom.cli.evaluate",
    "doctor": "coroom.cli.doctor",
    "gate": "coroom.cli.gate",
    "history": "coroom.cli.history",
    "release": "coroom.cli.claim",
    "land": "coroom.cli.land",
    "restore": "coroom.cli.restore",
    "join": "coroom.cli.join",
    "plan": "coroom.cli.plan",
    "loop": "coroom.cli.loop",
    "roles": "coroom.cli.roles",
    "run": "coroom.cli.run",
    "setup": "coroom.cli.setup",
    "tools": "coroom.cli.tools",
    "up": "coroom.cli.up",
    "merge": "coroom.cli.merge",
    "schedule": "coroom.cli.schedule",
    "simulate": "coroom.cli.simulate",
}

# What a command needs beyond the base install, by the name of the extra that brings it.
EXTRAS = {"evaluate": "evaluate"}


# What can be wrong with the world whatever the command does, and what to do then.
NEXT_STEPS = {
    errno.EACCES: "Give yourself the right to it, or name another place",
    errno.EPERM: "Give yourself the right to it, or name another place",
    errno.EROFS: "Name another place",
    errno.ENOTDIR: "Name another place, or move what is in the way",
    errno.ELOOP: "Name another place, or mend the links",
    errno.ENAMETOOLONG: "Name a shorter place",
    errno.ENOSPC: "Make room there and do it again",
    errno.EDQUOT: "Make room there and do it again",
    errno.EIO: "See to that disk and do it again",
    errno.EMFILE: "Allow more open files (ulimit -n) and do it again",
    errno.ENFILE: "End what has too many files open and do it again",
}

NOWHERE = "The directory that this was called in has been removed. Go into one that is there and call it again."


class _OutsideError(click.ClickException):
    """The world does not let the command go on: one line on standard error, exit code 2."""

    exit_code = 2

    def __init__(self, problem: OSError) -> None:
        where = f"{problem.filename}: " if problem.filename else ""
        super().__init__(with_one_stop(f"{where}{problem.strerror}. {NEXT_STEPS[problem.errno or 0]}."))


class _NotUnderstoodError(click.ClickException):
    """One line on standard error, exit code 2."""

    exit_code = 2


def _in_one_line(wrong: click.UsageError, called: str) -> click.ClickException:
    """A call that cannot be understood, as the contract has it: what, why and what next on one line."""
    if isinstance(wrong, click.exceptions.NoArgsIsHelpError):
        return wrong
    command = wrong.ctx.command_path if wrong.ctx else called.strip()
    said = " ".join(wrong.format_message().split())
    stop = "" if said.endswith((".", "?", "!")) else "."
    return _NotUnderstoodError(with_one_stop(f"{said}{stop} Try: {command} --help"))


def _is_nowhere() -> bool:
    """Whether the working directory is gone; what needs none, as its paths are absolute, goes on all the same."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _stopped() -> SystemExit:
    click.echo("\nStopped.", err=True)
    return SystemExit(STOPPED)


class _Lazy(click.Group):
    """A group that imports a subcommand's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        # Nothing that an import makes is garbage: to look for some takes a tenth of the time to import, and later, in
        # a daemon, tens of milliseconds whenever all objects are looked through.
        gc.disable()
        try:
            command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        except ModuleNotFoundError as missing:
            extra = EXTRAS.get(cmd_name)
            if extra is None or (missing.name or "").startswith("coroom"):
                raise
            words = f"coroom {cmd_name} needs {missing.name}. Install it with: pip install 'coroom[{extra}]'"
            raise click.UsageError(words) from missing
        gc.freeze()
        gc.enable()
        assert isinstance(command, click.Command)
        return command

    def make_context(self, info_name: str | None, args: list[str], *given: Any, **more: Any) -> click.Context:
        """Read the call; what is wrong with it is said in one line. For --help all commands are imported."""
        try:
            return super().make_context(info_name, args, *given, **more)
        except click.UsageError as wrong:
            raise _in_one_line(wrong, "coroom") from wrong
        except KeyboardInterrupt:
            raise _stopped() from None

    def invoke(self, ctx: click.Context) -> Any:
        """Carry the command out. What stops it from outside is said in words, with an exit code that no result has."""
        try:
            return super().invoke(ctx)
        except click.UsageError as wrong:
            raise _in_one_line(wrong, f"{ctx.command_path} {ctx.invoked_subcommand or ''}") from wrong
        except KeyboardInterrupt:
            raise _stopped() from None
        except (click.ClickException, FileNotFoundError) as wrong:
            if _is_nowhere():
                raise _NotUnderstoodError(NOWHERE) from wrong
            if isinstance(wrong, FileNotFoundError):
                raise
            from coroom.host.door.clean import cleaned  # noqa: PLC0415 - most commands say nothing of others here

            click.ClickException(cleaned(with_one_stop(wrong.message))).show()
            raise SystemExit(wrong.exit_code) from wrong
        except OSError as problem:
            if problem.errno not in NEXT_STEPS:
                raise
            raise _OutsideError(problem) from problem


@click.group(cls=_Lazy)
@click.version_option(package_name="coroom")
def main() -> None:
    """Several coding agents, one repository, nobody's work lost."""
