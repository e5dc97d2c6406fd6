"""`coroom claim`, `release` and `claims`: claims by refs in a shared remote, for people and scripts."""

import asyncio
import json
import re
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TypeVar

import click

from coroom.cli.place import WrongCallError, any_repository_at
from coroom.cli.trouble import full_disk, in_words
from coroom.core.claim import Claim
from coroom.core.errors import Code, Refused
from coroom.core.resource import Resource, parse
from coroom.git.claims import RefClaims
from coroom.git.command import Git, GitFailed
from coroom.git.locks import Lockable, clear_stale_locks
from coroom.git.resembling import resembling
from coroom.git.shared import is_locked
from coroom.ports import Holding
from coroom.run.destination import LOCKS_SEEN, claimant

T = TypeVar("T")

_directory = click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=".",
    help="A clone of the shared repository (default: here).",
)
_remote = click.option("--remote", default="origin", show_default=True, help="Where the claims are: a name or address.")
_name = click.option("--as", "holder", help="Who claims (default: $COROOM_AGENT, else you@this-machine).")
_json = click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")


@click.command()
@click.argument("resources", nargs=-1, required=True)
@click.option("--purpose", default="", help="One line for those who are refused.")
@click.option("--ttl", "ttl_s", type=click.IntRange(1, 3_600), default=600, show_default=True, help="Seconds it lasts.")
@_name
@_directory
@_remote
@_json
def claim(
    resources: tuple[str, ...],
    purpose: str,
    ttl_s: int,
    holder: str | None,
    directory: Path,
    remote: str,
    as_document: bool,
) -> None:
    """Claim RESOURCES for yourself: all of them or none, at once or not at all. Needs no server, only a git remote.

    \b
    coroom claim issue:17 --purpose "the date parser"
    coroom claim test:tests/test_dates.py::test_leap file:src/dates.py
    coroom claim dir:docs/ --as ann --ttl 1800

    Name what you will work on by what it is (a failing test, an issue, a file), not by words of your own: then two who
    mean the same thing meet. Claim again to renew. Exits 1 when somebody else holds it, and says who, why, how long.
    """  # noqa: D301  click wants the character itself
    wanted = _parsed(resources)
    claims = _claims(directory, remote, holder)
    got = _asked(claims.claim(wanted, purpose, ttl_s * 1000))
    if isinstance(got, Refused):
        _refused(got, as_document=as_document)
        return
    others = [one for one in _asked(claims.live()) if one.id != got.id]
    near = resembling(wanted, purpose, others)
    if as_document:
        click.echo(json.dumps({"claimed": True, **_as_json(got), "resembling": [_shown(one) for one in near]}))
        return
    click.echo(f"You hold {', '.join(map(str, got.resources))} for {got.ttl_ms // 1000} s (fence {got.fence}).")
    for one in near:
        click.secho(f"note: this may be the same work: {_line(one)}", err=True, fg="yellow")


@click.command()
@click.argument("resources", nargs=-1)
@click.option("--force", is_flag=True, help="End it whoever holds it; its holder cannot renew it or land with it.")
@_name
@_directory
@_remote
@_json
def release(
    resources: tuple[str, ...], force: bool, holder: str | None, directory: Path, remote: str, as_document: bool
) -> None:
    """Give up what you claimed, all of it when no RESOURCES are named.

    \b
    coroom release issue:17
    coroom release --force issue:17      the agent that held it is gone for good
    """  # noqa: D301  click wants the character itself
    named, me = _parsed(resources), _holder(holder)
    claims = _claims(directory, remote, me)
    if force and not named:
        raise WrongCallError("--force ends others' claims: name the resources it shall end.")
    ended: list[str] = []
    for one in _asked(claims.live()):
        mine = one.holder == me and (not named or set(named) & set(one.resources))
        if mine or (force and set(named) & set(one.resources)):
            problem = _asked(claims.end(one.id))
            if problem:
                _refused(problem, as_document=as_document)
            ended += map(str, one.resources)
    if named and not ended:
        _refused(_nothing(named, me), as_document=as_document)
    click.echo(json.dumps({"released": ended}) if as_document else f"Released {', '.join(ended) or 'nothing'}.")


@click.command()
@_directory
@_remote
@_json
def claims(directory: Path, remote: str, as_document: bool) -> None:
    """Show who holds what, why, and how long it lasts without a sign of life."""
    live = _asked(_claims(directory, remote, None).live())
    if as_document:
        click.echo(json.dumps({"claims": [_shown(one) for one in live]}))
        return
    for one in live:
        click.echo(_line(one))
    if not live:
        click.echo("Nothing is claimed.")


def _parsed(words: Sequence[str]) -> tuple[Resource, ...]:
    found = []
    for word in words:
        one = parse(word)
        if isinstance(one, Refused):
            raise WrongCallError(str(one))
        found.append(one)
    return tuple(found)


def _claims(directory: Path, remote: str, holder: str | None) -> RefClaims:
    repository = any_repository_at(directory)
    git = Git(repository.toplevel)
    for path in clear_stale_locks([Lockable(repository.common, ours_only=True)], repository.common / LOCKS_SEEN):
        click.secho(f"note: a killed git left {path} behind; nobody uses it, so it was removed", err=True)
    if not _is_remote(git, remote):
        known = ", ".join(git.run("remote").out.decode().split()) or "none"
        raise WrongCallError(
            f"{repository.toplevel} has no remote '{remote}' (it has: {known}), so nobody would see the claim. "
            f"Name one with --remote; --remote . keeps claims in this repository itself."
        )
    return RefClaims(git, _holder(holder), remote)


def _is_remote(git: Git, remote: str) -> bool:
    return "/" in remote or ":" in remote or remote == "." or remote in git.run("remote").out.decode().split()


def _holder(given: str | None) -> str:
    name = given or claimant()
    if not re.fullmatch(r"[\w.@+-]{1,64}", name):
        raise WrongCallError(f"'{name[:80]}' is no name. Use up to 64 letters, digits and . _ @ + -.")
    return name


def _asked(work: Coroutine[object, object, T]) -> T:
    async def awaited() -> T:
        return await work

    try:
        return asyncio.run(awaited())
    except GitFailed as failed:
        if full_disk(failed.at) or is_locked(failed.why):
            raise WrongCallError(f"{in_words(failed, failed.at)}. Nothing was claimed.") from failed
        raise WrongCallError(
            f"The remote does not answer: {failed.why}. Check its address with: git remote -v"
        ) from failed


def _refused(refused: Refused, *, as_document: bool) -> None:
    if as_document:
        document = {"claimed": False, "code": refused.code.value, "why": refused.why, "next": refused.next_step}
        click.echo(json.dumps(document))
    else:
        click.echo(str(refused), err=True)
    raise SystemExit(2 if refused.code in {Code.BAD_INPUT, Code.LIMIT, Code.FORBIDDEN} else 1)


def _nothing(named: tuple[Resource, ...], me: str) -> Refused:
    why = f"{me} holds none of {', '.join(map(str, named))}."
    return Refused(Code.NOT_YOURS, why, "See who holds what: coroom claims")


def _as_json(holding: Holding) -> dict[str, object]:
    return {
        "claim": holding.id,
        "fence": holding.fence,
        "ttl_s": holding.ttl_ms / 1000,
        "resources": [str(one) for one in holding.resources],
    }


def _shown(one: Claim) -> dict[str, object]:
    return {
        "claim": one.id,
        "holder": one.holder,
        "resources": [str(resource) for resource in one.resources],
        "purpose": one.purpose,
        "fence": one.fence,
        "ttl_s": one.ttl_ms / 1000,
    }


def _line(one: Claim) -> str:
    purpose = f": {one.purpose}" if one.purpose else ""
    return (
        f"{', '.join(map(str, one.resources))} by {one.holder}{purpose} ({one.ttl_ms // 1000} s without a sign of life)"
    )
