"""The tasks of a run, from one sentence, a Markdown list, JSON or YAML."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from coroom.core.command import PostTask
from coroom.core.errors import Refused
from coroom.core.limits import Limits
from coroom.core.resource import Resource, parse

_ITEM = re.compile(r"^\s{0,3}(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(?P<text>.+?)\s*$")


class BoardError(Exception):
    """The tasks cannot be read: what is wrong where, and how it should be."""


def tasks_from(given: str) -> list[PostTask]:
    """The tasks that `given` names: a file if there is one of that name, else one task in words.

    Markdown: each top-level list item is a task, the indented lines below it its description. JSON and YAML: a list of
    `{"id", "title", "description", "touches", "after"}`, all but the title optional; a plain string is a title.

    Raises:
        BoardError: the file holds no tasks, or one that cannot be.
    """
    path = Path(given)
    if "\n" in given or not path.is_file():
        if path.suffix in {".md", ".json", ".yaml", ".yml"}:
            message = f"{given} is no file; name an existing one, or say the task in words"
            raise BoardError(message)
        return [_words(given)]
    text = path.read_text(encoding="utf-8")
    match path.suffix:
        case ".json":
            return _listed(given, _loaded_json(given, text))
        case ".yaml" | ".yml":
            return _listed(given, _loaded_yaml(given, text))
        case _:
            return _markdown(given, text)


def _words(given: str) -> PostTask:
    title, _, rest = given.strip().partition("\n")
    if len(title) > Limits().title_chars_max:
        title, rest = title[: Limits().title_chars_max - 1] + "…", given
    return PostTask(title=title, description=rest.strip())


def _loaded_json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as problem:
        message = f"{name} is not JSON: {problem}"
        raise BoardError(message) from problem


def _loaded_yaml(name: str, text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as problem:
        message = f"{name} is not YAML: {problem}"
        raise BoardError(message) from problem


def _listed(name: str, found: object) -> list[PostTask]:
    if isinstance(found, Mapping):
        found = found.get("tasks")
    if not isinstance(found, Sequence) or isinstance(found, str) or not found:
        message = f'{name} holds no list of tasks; write [{{"title": "…"}}, …]'
        raise BoardError(message)
    return [_task(name, number, entry) for number, entry in enumerate(found, start=1)]


def _task(name: str, number: int, entry: object) -> PostTask:
    if isinstance(entry, str):
        return _words(entry)
    if not isinstance(entry, Mapping) or not isinstance(entry.get("title"), str):
        message = f'{name}: task {number} has no title; write {{"title": "…"}}'
        raise BoardError(message)
    return PostTask(
        title=entry["title"],
        description=str(entry.get("description") or ""),
        touches=tuple(_resource(name, number, str(one)) for one in entry.get("touches") or ()),
        after=tuple(str(one) for one in entry.get("after") or ()),
        task=str(entry.get("id") or ""),
    )


def _resource(name: str, number: int, text: str) -> Resource:
    found = parse(text if ":" in text else f"file:{text}")
    if isinstance(found, Refused):
        message = f"{name}: task {number}: {found}"
        raise BoardError(message)
    return found


def _markdown(name: str, text: str) -> list[PostTask]:
    items: list[list[str]] = []
    for line in text.splitlines():
        item = _ITEM.match(line)
        if item:
            items.append([item["text"]])
        elif items and (line.startswith((" ", "\t")) or not line.strip()):
            items[-1].append(line.strip())
    if not items:
        message = f"{name} has no list items; each task is a line that begins with '- '"
        raise BoardError(message)
    return [_words("\n".join(lines).strip()) for lines in items]
