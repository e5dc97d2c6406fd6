"""`coroom land`: what this checkout holds goes through the gate and onto main, or comes back with the reason."""

import json
import sys
from pathlib import Path

import click

from coroom.cli.place import WrongCallError
from coroom.cli.suite_options import affected_option, bounds_of, bounds_options, isolation_option, shell_line
from coroom.cli.trouble import in_words
from coroom.cli.until import StoppedError, until_stopped
from coroom.core.errors import Fault, Refused
from coroom.core.resource import Resource, parse
from coroom.git.command import GitFailed
from coroom.git.repository import NotUsable, Repository, inspect
from coroom.host.door.clean import cleaned
from coroom.run.destination import gates_directory
from coroom.run.landing import LandingEnd, LandingWish, land_here


@click.command()
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The checkout (default: here).")
@click.option("--onto", default="", help="The branch to land on (default: main or master).")
@click.option(
    "--remote", default="", help="Its name or address; . for this repository itself (default: origin if any)."
)
@click.option("--agent", default="", help="Who lands (default: COROOM_AGENT, or git's user.name).")
@click.option("--task", default="", help="The task it is for; named in the history.")
@click.option(
    "--claim", "claims", multiple=True, help="A resource you hold, like issue:17; given up by landing. Repeat."
)
@click.option("--title", default="", help="A line for the history (default: the last commit's subject).")
@click.option("--test", callback=shell_line, default="", help="The command that must pass (default: found out).")
@affected_option
@click.option("--timeout", type=click.FloatRange(1, 86_400), default=1_800, show_default=True, help="Seconds for it.")
@isolation_option
@bounds_options
@click.option("--wait/--no-wait", "wait", default=True, help="Stay until it has ended, or leave it in the queue.")
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def land(
    directory: Path,
    onto: str,
    remote: str,
    agent: str,
    task: str,
    claims: tuple[str, ...],
    title: str,
    test: str,
    affected: str,
    timeout: float,
    isolation: str,
    test_reads: tuple[Path, ...],
    test_memory: float | None,
    wait: bool,
    as_document: bool,
) -> None:
    """Land what is committed here: merged with main as it is now, tested as exactly that, and moved there in one step.

    \b
    git switch -c my-work; git commit -am "Parse dates"
    coroom land                       waits; prints where it landed, or why not
    coroom land --test "make check"   with another command than the one found out
    coroom land --claim issue:17      only while you hold it; landing ends the claim
    coroom land --no-wait             leaves it to the gate that is running (coroom gate run)

    The tests are run like agents: in bubblewrap where it works, without network. What is in force is said.
    Nothing is lost at any time: the work is in this checkout, and in the queue or on main. Call it again after a crash.
    Exits 0 when it has landed, 1 when it has not, 2 when it could not be tried.
    """  # noqa: D301  click wants the character itself
    repository = clean_checkout_at(directory)
    wish = LandingWish(
        onto=onto,
        remote=remote,
        agent=agent,
        task=task,
        claims=tuple(map(_resource, claims)),
        title=title,
        test=test,
        affected=affected,
        timeout_s=timeout,
        isolation=isolation,
        readable=test_reads,
        bounds=bounds_of(test_memory),
        wait=wait,
    )
    try:
        end = until_stopped(land_here(repository, wish, told))
    except StoppedError as stopped:
        click.echo("Stopped. The change waits in the queue; coroom land goes on with it.", err=True)
        sys.exit(stopped.exit_code)
    except (GitFailed, Fault, OSError) as problem:
        raise failed_outside(problem, repository.common, gates_directory()) from problem
    if isinstance(end, Refused):
        raise WrongCallError(str(end))
    show(end, waits=wait, as_document=as_document)
    sys.exit(0 if end.landed or (not wait and end.kind == "waiting") else 1)


def _resource(text: str) -> Resource:
    found = parse(text)
    if isinstance(found, Refused):
        raise WrongCallError(str(found))
    return found


def clean_checkout_at(directory: Path) -> Repository:
    """The repository of a checkout without anything uncommitted, on a branch or not.

    Raises:
        WrongCallError: there is none, or it is in the middle of something.
    """
    found = inspect(directory, detached=True)
    if isinstance(found, NotUsable):
        raise WrongCallError(f"{found.why} {found.next_step}")
    for warning in found.warnings:
        click.secho(f"note: {warning.why}", err=True, dim=True)
    return found


def told(text: str) -> None:
    """One line of progress, on standard error. What others wrote cannot reach the terminal's controls."""
    click.echo(cleaned(text), err=True)


def failed_outside(problem: Exception, *places: Path) -> click.ClickException:
    """What went wrong outside, with what is certain."""
    return click.ClickException(f"{in_words(problem, *places)}. Nothing is lost: your commits are in this checkout.")


def show(end: LandingEnd, *, waits: bool, as_document: bool) -> None:
    """The end on standard output: one JSON document, or words."""
    if as_document:
        document = {"landed": end.landed, "onto": end.onto, "commit": end.commit, "change": end.change}
        click.echo(json.dumps({**document, "kind": end.kind, "why": end.why}))
    elif end.landed:
        click.echo(f"Landed on {end.onto}, now at {end.commit[:12]}. {cleaned(end.why)}".rstrip())
    elif end.kind == "waiting" and not waits:
        click.echo(f"It waits in the queue of {end.onto} as {end.change}.")
    else:
        click.echo(f"Not landed ({end.kind}). {cleaned(end.why)}")
