"""`coroom roles`: what agents of a loop can be, and how to make a role of one's own."""

import json
from pathlib import Path

import click

from coroom.agents.role_files import FOLDER, SHIPPED, RoleError, RoleFile
from coroom.agents.role_files import roles as found_roles
from coroom.cli.place import WrongCallError, any_repository_at


@click.command()
@click.argument("name", required=False)
@click.option("--directory", type=click.Path(path_type=Path), default=".", help="The repository (default: here).")
@click.option("--json", "as_document", is_flag=True, help="Print the roles as one JSON document.")
def roles(name: str | None, directory: Path, as_document: bool) -> None:
    """List the roles that agents of coroom loop can have, or print the file of one.

    \b
    coroom roles                                                  all of them
    coroom roles documentation > .coroom/roles/documentation.md   begin one of your own

    A role is a Markdown file in .coroom/roles: a prompt below a head that says what it takes (failing tests, tasks, or
    a job of its own that is due every so many landings), what it may change, and what it may do in a room.
    """  # noqa: D301  click wants the character itself
    repository = any_repository_at(directory)
    try:
        known = found_roles(repository.toplevel)
    except RoleError as problem:
        raise WrongCallError(str(problem)) from problem
    if name:
        if name not in known:
            raise WrongCallError(f"There is no role '{name}'. There are: {', '.join(sorted(known))}.")
        click.echo(known[name].path.read_text(encoding="utf-8"), nl=False)
    elif as_document:
        click.echo(json.dumps({"roles": [_document(role) for role in known.values()]}))
    else:
        for role in known.values():
            click.echo(_line(role))


def _line(role: RoleFile) -> str:
    names = {"tests": "failing tests", "tasks": "tasks", "job": f"its own job every {role.every_landings} landings"}
    takes = " and ".join(names[one] for one in role.takes)
    paths = f"; changes only {', '.join(map(str, role.may_change))}" if role.may_change else ""
    whose = "" if role.path.parent == SHIPPED else f" ({FOLDER})"
    return f"{role.name}{whose}: {role.title}. Takes {takes}{paths}. In a room: {role.room_role.value}."


def _document(role: RoleFile) -> dict[str, object]:
    return {
        "name": role.name,
        "title": role.title,
        "takes": list(role.takes),
        "every_landings": role.every_landings,
        "may_change": [str(one) for one in role.may_change],
        "room_role": role.room_role.value,
        "lands": role.lands,
        "path": str(role.path),
    }
