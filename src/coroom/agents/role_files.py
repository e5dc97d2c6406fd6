"""Roles as files: Markdown with a head in YAML. Those of a repository, in `.coroom/roles`, replace those that ship."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from coroom.core.agent import JOINABLE, Role
from coroom.core.errors import Refused
from coroom.core.resource import Resource, Scheme, covers, file, parse

SHIPPED = Path(__file__).with_name("roles")
FOLDER = Path(".coroom") / "roles"
TAKES = frozenset({"tests", "tasks", "job"})
FILE_BYTES_MAX = 64 * 1024

_FORM = "A role is Markdown with a head between lines of ---: title, takes, room_role, may_change, every_landings."


class RoleError(Exception):
    """The file is no role: what is wrong in it, and how it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFile:
    """One role.

    `takes`: failing tests, tasks of the list, or its own job, which is due `every_landings`. `room_role` carries its
    permissions in a room; `may_change` are the only paths that its work may touch to land (empty: all), and one that
    `lands` nothing leaves notes.
    """

    name: str
    title: str
    takes: tuple[str, ...]
    room_role: Role
    may_change: tuple[Resource, ...]
    every_landings: int
    lands: bool
    prompt: str
    path: Path

    def outside(self, paths: list[str]) -> list[str]:
        """Those of the paths that this role may not change."""
        if not self.may_change:
            return []
        return [path for path in paths if not any(covers(allowed, file(path)) for allowed in self.may_change)]


def roles(repository: Path) -> dict[str, RoleFile]:
    """Every role by name.

    Raises:
        RoleError: one of the repository's files is no role.
    """
    found: dict[str, RoleFile] = {}
    for folder in (SHIPPED, repository / FOLDER):
        if folder.is_dir():
            for path in sorted(folder.glob("*.md")):
                # What ships without a head is told to the agents of a room, and is no role of a loop.
                if folder != SHIPPED or path.read_text(encoding="utf-8").startswith("---\n"):
                    found[path.stem] = read_role(path)
    return found


def read_role(path: Path) -> RoleFile:
    """The role in a file.

    Raises:
        RoleError: it is none.
    """
    text = path.read_bytes()[:FILE_BYTES_MAX].decode("utf-8", "replace")
    head: Mapping[str, Any] = {}
    if text.startswith("---\n"):
        before, mark, text = text.removeprefix("---\n").partition("\n---\n")
        if not mark:
            raise RoleError(f"{path}: its head has no end. {_FORM}")
        try:
            found = yaml.safe_load(before)
        except yaml.YAMLError as problem:
            raise RoleError(f"{path}: its head is not YAML: {problem}. {_FORM}") from problem
        if not isinstance(found, Mapping):
            raise RoleError(f"{path}: its head names nothing. {_FORM}")
        head = found
    unknown = set(head) - {"title", "takes", "room_role", "may_change", "every_landings", "lands"}
    if unknown:
        raise RoleError(f"{path}: '{min(map(str, unknown))}' means nothing here. {_FORM}")
    takes = tuple(map(str, head.get("takes", ("tests", "tasks"))))
    if not takes or not set(takes) <= TAKES:
        raise RoleError(f"{path}: takes is a list of {', '.join(sorted(TAKES))}. {_FORM}")
    if not text.strip():
        raise RoleError(f"{path}: there is no prompt below the head. {_FORM}")
    return RoleFile(
        name=path.stem,
        title=str(head.get("title") or path.stem),
        takes=takes,
        room_role=_room_role(path, str(head.get("room_role", Role.IMPLEMENTER))),
        may_change=tuple(_resource(path, str(one)) for one in head.get("may_change", ())),
        every_landings=max(1, int(head.get("every_landings", 1))),
        lands=bool(head.get("lands", True)),
        prompt=text.strip() + "\n",
        path=path,
    )


def _room_role(path: Path, name: str) -> Role:
    if name not in {role.value for role in JOINABLE}:
        known = ", ".join(sorted(role.value for role in JOINABLE))
        raise RoleError(f"{path}: room_role is one of {known}. {_FORM}")
    return Role(name)


def _resource(path: Path, text: str) -> Resource:
    found = parse(text if ":" in text else f"glob:{text}")
    if isinstance(found, Refused) or found.scheme not in {Scheme.FILE, Scheme.DIR, Scheme.GLOB}:
        raise RoleError(f"{path}: '{text}' names no paths; write them like src/** or docs/. {_FORM}")
    return found
