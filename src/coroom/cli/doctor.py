"""`coroom doctor`: is this machine fit for a room, and does the bridge really work on it?"""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click

from coroom.git.repository import NotUsable, inspect
from coroom.host.served import barred, mirrors_directory
from coroom.run.machine import machine_checks, nearest_directory
from coroom.run.selftest import Check, bridge_checks


@click.command()
@click.option("--json", "as_document", is_flag=True, help="Print the result as one JSON document.")
def doctor(as_document: bool) -> None:
    """Look at this machine and try a room with two mirrors on it; exits 1 when something is wrong.

    Two mirrors of a scratch repository must see each other's bytes, a conflict must be held and a claim must refuse.
    Nothing is left behind.
    """
    place = _place()
    checks = machine_checks(place)
    if not barred(place):
        checks += asyncio.run(bridge_checks(nearest_directory(place)))
    ok = all(check.ok for check in checks)
    if as_document:
        click.echo(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            click.echo(_line(check))
    raise SystemExit(0 if ok else 1)


def _place() -> Path:
    """Where mirrors would be made for the repository that is stood in, else the current directory."""
    found = inspect(Path.cwd(), strict=False)
    return Path.cwd() if isinstance(found, NotUsable) else mirrors_directory(found, "main")


def _line(check: Check) -> str:
    todo = "" if check.ok or not check.next_step else f" {check.next_step}"
    mark = click.style("✓", fg="green") if check.ok else click.style("✗", fg="red")
    return f"{mark} {check.name}: {check.found}{'.' if todo else ''}{todo}"
