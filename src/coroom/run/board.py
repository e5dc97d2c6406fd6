"""The tasks of a run, from one sentence, a Markdown list, JSON or YAML; and the board tried before a room is made."""

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import yaml

from coroom.core.agent import OPERATOR
from coroom.core.codec import Json
from coroom.core.command import Command, OpenRoom, PostTask, Submission
from coroom.core.errors import Refused, unread
from coroom.core.evolve import evolve
from coroom.core.limits import Limits
from coroom.core.resource import Resource, parse
from coroom.core.room import decide, number
from coroom.core.state import RoomState

_KEYS = ("id", "title", "description", "touches", "after", "seconds")
_PLANNED_KEYS = frozenset({"predicted", "unknown"})
"""What a plan's own list says of a task besides, and nobody reads again."""

_LIKE = 0.82
"""A key as like a known one as this is a slip of it, where that one is not given; any other may be somebody's own."""

_LINES = re.compile(r".+#L\d+(-L?\d+|\+)?")
_ITEM = re.compile(r"^(?P<before> {0,3})(?P<mark>(?:[-*+]|\d+[.)])\s+)(?:\[[ xX]\]\s+)?(?P<text>.+?)\s*$")

TOUCHES_MAX = 2_000
"""Of one task, as a plan may be asked about a commit of any size; a board takes fewer (`Limits.task_touches_max`)."""


class BoardError(Exception):
    """The tasks cannot be read: what is wrong where, and how it should be."""


def tasks_from(given: str) -> list[PostTask]:
    """The tasks that `given` names: a file if there is one of that name, else one task in words.

    Markdown: each top-level list item is a task, the indented lines below it its description. JSON and YAML: a list of
    `{"id", "title", "description", "touches", "after"}`, all but the title optional; a plain string is a title.

    A person who lists two tasks with like titles means two tasks; the same title twice is a mistake.

    Raises:
        BoardError: the file holds no tasks, or one that cannot be.
    """
    tasks = read_tasks(given)
    _try(given, tasks)
    return tasks


def read_tasks(given: str) -> list[PostTask]:
    """The same tasks, not tried on a board: they may be after one that comes later, and titles may be alike.

    Raises:
        BoardError: the file holds no tasks, or one that cannot be read.
    """
    tasks = _read(given)
    for place, task in enumerate(tasks, start=1):
        wrong = _unsayable(task)
        if wrong:
            source = given if _is_file(Path(given)) else "what was given"
            message = f"{source}: {f'task {place}' if len(tasks) > 1 else 'the task'} {wrong}"
            raise BoardError(message)
    return tasks


def _unsayable(task: PostTask) -> str:
    """What keeps a task from being posted, or planned, at all."""
    if not task.title.strip():
        return "has no title; say in a few words what is to be done"
    try:
        "".join((task.task, task.title, task.description, *task.after)).encode()
    except UnicodeEncodeError:
        return "holds what is no text (half a character, or bytes that are no UTF-8); take it out"
    most = Limits().description_chars_max
    if len(task.description) > most:
        return f"is described in {len(task.description):,} characters; {most:,} are read: say the rest in a file"
    if len(task.title) > most:
        return f"has a title of {len(task.title):,} characters; say it in one line, and the rest in its description"
    return ""


def seconds_in(given: str) -> list[float | None]:
    """How long each task of a JSON or YAML file is thought to take, in its order; nothing for any other.

    Raises:
        BoardError: the file cannot be read, or a time is no positive number.
    """
    lengths: list[float | None] = []
    for place, entry in enumerate(_entries(given), start=1):
        length = entry.get("seconds") if isinstance(entry, Mapping) else None
        if length is not None and (isinstance(length, bool) or not isinstance(length, int | float) or not length > 0):
            message = f"{given}: 'seconds' of task {place} is no positive number"
            raise BoardError(message)
        lengths.append(length)
    return lengths


def keys_unread(given: str) -> str:
    """Which keys of the tasks in a JSON or YAML file nobody reads, in a sentence without its point; empty for none."""
    tasks = [entry for entry in _entries(given) if isinstance(entry, Mapping)]
    found = sorted({str(key)[:40] for entry in tasks for key in entry} - {*_KEYS} - _PLANNED_KEYS)
    if not found:
        return ""
    named = ", ".join(f"'{key}'" for key in found[:3]) + (f" and {len(found) - 3} more" if found[3:] else "")
    return f"{given}: {named} {'is' if len(found) == 1 else 'are'} not read; a task has {', '.join(_KEYS)}"


def _entries(given: str) -> Sequence[object]:
    """The tasks of a JSON or YAML file as they stand there; none of any other.

    Raises:
        BoardError: the file cannot be read.
    """
    path = Path(given)
    if path.suffix not in {".json", ".yaml", ".yml"} or not _is_file(path):
        return ()
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    found = _loaded_json(given, text) if path.suffix == ".json" else _loaded_yaml(given, text)
    entries = found.get("tasks") if isinstance(found, Mapping) else found
    return entries if isinstance(entries, Sequence) else ()


def tasks_of(entries: object) -> list[PostTask]:
    """The tasks that `entries_of` wrote down."""
    return _listed("the run's record", entries)


def entries_of(tasks: Sequence[PostTask]) -> list[Json]:
    """The tasks as plain data."""
    return [
        {
            "id": task.task,
            "title": task.title,
            "description": task.description,
            "touches": [str(one) for one in task.touches],
            "after": list(task.after),
        }
        for task in tasks
    ]


def _try(name: str, tasks: Sequence[PostTask]) -> None:
    """Post them all in a room that exists nowhere, so that a board is refused before anything is made."""
    titles: set[str] = set()
    for task in tasks:
        if task.title in titles:
            message = f"{name} has the task '{task.title}' twice; say what the second shall do"
            raise BoardError(message)
        titles.add(task.title)
    state = RoomState()
    commands: list[Command] = [OpenRoom(room="board", policy="open"), *tasks]
    for command in commands:
        decision = decide(state, Submission(OPERATOR, command), 0)
        if isinstance(decision.reply, Refused):
            message = f"{name}: {decision.reply}".removesuffix(".")
            raise BoardError(message)
        for event in number(state, decision.events, 0, OPERATOR):
            state = evolve(state, event)


def _read(given: str) -> list[PostTask]:
    path = Path(given)
    if "\n" in given or not _is_file(path):
        if path.suffix in {".md", ".json", ".yaml", ".yml"}:
            message = f"{given} is no file; name an existing one, or say the task in words"
            raise BoardError(message)
        if _is_something_else(given, path):
            message = f"{given} is there and is no file of tasks; name a file, or say the task in more words"
            raise BoardError(message)
        return [_words(given)]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        message = f"{given} cannot be read: {unread(problem)}; name a file of tasks: Markdown, JSON or YAML"
        raise BoardError(message) from problem
    match path.suffix:
        case ".json":
            return _listed(given, _loaded_json(given, text))
        case ".yaml" | ".yml":
            return _listed(given, _loaded_yaml(given, text))
        case _:
            return _markdown(given, text)


def _is_file(path: Path) -> bool:
    """A task in words may be longer than a path can be, or hold what no path does."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _is_something_else(given: str, path: Path) -> bool:
    """Whether one word names a directory, a device or a pipe, and so was hardly meant as a task."""
    try:
        return len(given.split()) == 1 and path.exists()
    except (OSError, ValueError):
        return False


def _words(given: str) -> PostTask:
    title, _, rest = given.strip().partition("\n")
    if len(title) > Limits().title_chars_max:
        title, rest = title[: Limits().title_chars_max - 1] + "…", given
    return PostTask(title=title, description=rest.strip(), despite_duplicate=True)


def _loaded_json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        message = f"{name} is not JSON: {problem}"
        raise BoardError(message) from problem


def _loaded_yaml(name: str, text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        why = " ".join(str(problem).split())
        if isinstance(problem, yaml.MarkedYAMLError) and problem.problem_mark:
            why = f"line {problem.problem_mark.line + 1}: {problem.problem}"
        message = f"{name} is not YAML: {why}"
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
    if isinstance(entry, Mapping):
        _refuse_slips(name, number, entry)
    if not isinstance(entry, Mapping) or not isinstance(entry.get("title"), str):
        message = f'{name}: task {number} has no title; write {{"title": "…"}}'
        raise BoardError(message)
    description = entry.get("description") or ""
    if not isinstance(description, str):
        message = f"{name}: 'description' of task {number} is no text"
        raise BoardError(message)
    return PostTask(
        title=entry["title"],
        description=description,
        touches=_touches(name, number, _names(name, number, entry, "touches")),
        after=tuple(_names(name, number, entry, "after")),
        task="" if entry.get("id") is None else str(entry["id"]),
        despite_duplicate=True,
    )


def _refuse_slips(name: str, number: int, entry: Mapping[object, object]) -> None:
    """Refuse a key that is nearly a known one which is not given: what it says would be lost."""
    given = {str(one) for one in entry}
    for key in sorted(given - {*_KEYS}):
        # So short a word is like many: `uid` and `_id` are somebody's own.
        missing = [known for known in _KEYS if known not in given and (len(known) > 2 or key.lower() == known)]
        near = get_close_matches(key.lower(), missing, n=1, cutoff=_LIKE)
        if near:
            message = f"{name}: '{key}' of task {number} means nothing; write '{near[0]}'"
            raise BoardError(message)


def _names(name: str, number: int, entry: Mapping[object, object], key: str) -> list[str]:
    found = entry.get(key) or []
    if not isinstance(found, list):
        message = f"{name}: '{key}' of task {number} is no list"
        raise BoardError(message)
    return [str(one) for one in found]


def _touches(name: str, number: int, texts: Sequence[str]) -> tuple[Resource, ...]:
    if len(texts) > TOUCHES_MAX:
        many = f"task {number} touches {len(texts):,} resources, at most {TOUCHES_MAX:,} are read"
        message = f"{name}: {many}; name the directory that they lie in (dir:src/), or make several tasks of it"
        raise BoardError(message)
    return tuple(_resource(name, number, one) for one in texts)


def _resource(name: str, number: int, text: str) -> Resource:
    bare = "file" if "#" not in text or _LINES.fullmatch(text) else "symbol"
    found = parse(text if ":" in text else f"{bare}:{text}")
    if isinstance(found, Refused):
        message = f"{name}: task {number}: {found}"
        raise BoardError(message)
    return found


def _markdown(name: str, text: str) -> list[PostTask]:
    items: list[list[str]] = []
    inside = 0
    for line in text.splitlines():
        item = _ITEM.match(line)
        # An item as deep as the text of the one above belongs to it.
        if item and not (items and len(item["before"]) >= inside):
            items.append([item["text"]])
            inside = len(item["before"]) + len(item["mark"])
        elif items and (line.startswith((" ", "\t")) or not line.strip()):
            items[-1].append(line.strip())
    if not items:
        message = f"{name} has no list items; each task is a line that begins with '- '"
        raise BoardError(message)
    return [_words("\n".join(lines).strip()) for lines in items]
