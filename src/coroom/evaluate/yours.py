"""The suite `yours`: a folder with a task list, a repository and a test command."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from coroom.evaluate.commands import WITHIN_S, Command
from coroom.evaluate.eval_task import EvalTask, Mutant, SuiteError, Unit, laid_together, tree_of
from coroom.git.command import Git, GitFailed

FILE = "suite.yaml"
"""What makes a folder such a suite."""

_ITEM = re.compile(r"^[-*+] +(?:\[[ xX]\] +)?(.+)$")


def load_yours(folder: Path) -> EvalTask:
    """The folder's task list as one task, each entry a unit of it.

    `suite.yaml` names `tasks` (a list, or a Markdown, YAML or JSON file), `repository` (a folder, or a git repository
    whose HEAD is taken), `test` (a command that is run in a copy of the result; an entry may have its own), and, if it
    likes, `hidden` (a folder laid over the copy before the test), `reference` (a folder laid over the repository that
    passes), `mutants`, `within_s` and `title`.

    Raises:
        SuiteError: something is missing or is not what it has to be; says what, and what to write.
    """
    found = _mapping(folder / FILE)
    repository = _folder(folder, found, "repository", needed=True)
    tests = _tests(folder, found)
    hidden = _folder(folder, found, "hidden", needed=False)
    reference = _folder(folder, found, "reference", needed=False)
    entries = _entries(folder, found)
    units = tuple(_unit(folder, entry, number) for number, entry in enumerate(entries, start=1))
    commands = {}
    for unit, entry in zip(units, entries, strict=True):
        words = entry.get("test") or tests
        if not words:
            message = f"{folder / FILE}: task '{unit.id}' has no test, and the suite has none: write test: COMMAND"
            raise SuiteError(message)
        commands[unit.id] = Command(
            words=tuple(shlex.split(str(words))), within_s=float(found.get("within_s", WITHIN_S))
        )
    start = _repository(repository)
    if not start:
        message = f"{repository} holds no files: repository names what the agents begin with"
        raise SuiteError(message)
    return laid_together(
        EvalTask(
            id=folder.resolve().name,
            title=str(found.get("title", folder.resolve().name)),
            brief=str(found.get("brief", "")),
            units=units,
            start=start,
            reference=tree_of(reference) if reference else {},
            hidden={f"hidden/{path}": content for path, content in tree_of(hidden).items()} if hidden else {},
            mutants=tuple(
                Mutant(path=m["file"], old=m["old"], new=m["new"], why=m["why"]) for m in found.get("mutants", ())
            ),
            commands=commands,
        )
    )


def _mapping(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        message = f"{path} cannot be read: {' '.join(str(problem).split())}"
        raise SuiteError(message) from problem
    if not isinstance(found, dict):
        message = f"{path} is no mapping: write tasks:, repository: and test:"
        raise SuiteError(message)
    return found


def _tests(folder: Path, found: Mapping[str, Any]) -> str:
    test = found.get("test", "")
    if not isinstance(test, str):
        message = f"{folder / FILE}: test is no command: write test: python -m pytest -q"
        raise SuiteError(message)
    return test


def _folder(folder: Path, found: Mapping[str, Any], name: str, *, needed: bool) -> Path | None:
    if name not in found:
        if needed:
            message = f"{folder / FILE} names no {name}: write {name}: FOLDER, relative to the suite's folder"
            raise SuiteError(message)
        return None
    place = folder / str(found[name])
    if not place.is_dir():
        message = f"{folder / FILE}: {name} is {place}, which is no folder"
        raise SuiteError(message)
    return place


def _entries(folder: Path, found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    tasks = found.get("tasks")
    if isinstance(tasks, str):
        tasks = _listed(folder / tasks)
    if isinstance(tasks, dict):
        tasks = tasks.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        message = (
            f"{folder / FILE} names no tasks: write tasks: with a list, or the name of a list (Markdown, YAML, JSON)"
        )
        raise SuiteError(message)
    entries = [{"title": entry} if isinstance(entry, str) else entry for entry in tasks]
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not entry.get("title"):
            message = f"{folder / FILE}: task {number} has no title"
            raise SuiteError(message)
    return entries


def _listed(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return json.loads(text)
        if path.suffix in {".yaml", ".yml"}:
            return yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as problem:
        message = f"the task list {path} cannot be read: {' '.join(str(problem).split())}"
        raise SuiteError(message) from problem
    entries: list[dict[str, str]] = []
    for line in text.splitlines():
        if item := _ITEM.match(line):
            entries.append({"title": item[1].strip(), "description": ""})
        elif entries and line.startswith(" "):
            entries[-1]["description"] += line.strip() + "\n"
    return entries


def _unit(folder: Path, entry: Mapping[str, Any], number: int) -> Unit:
    files = entry.get("files", entry.get("touches", ()))
    after = entry.get("after", ())
    if isinstance(files, str) or isinstance(after, str):
        message = f"{folder / FILE}: task {number}: files and after are lists"
        raise SuiteError(message)
    title = str(entry["title"])
    return Unit(
        id=str(entry.get("id", f"task-{number}")),
        title=title,
        files=tuple(str(path).removeprefix("file:") for path in files),
        contract=str(entry.get("description", "")) or title,
        after=tuple(map(str, after)),
        tests=(),
    )


def _repository(place: Path | None) -> dict[str, bytes]:
    assert place is not None
    if not (place / ".git").exists():
        return tree_of(place)
    try:
        return committed(Git(place), "HEAD")
    except GitFailed as problem:
        message = f"{place} is a git repository that cannot be read: {problem.why}"
        raise SuiteError(message) from problem


def committed(git: Git, revision: str) -> dict[str, bytes]:
    """The regular files of a commit.

    Raises:
        GitFailed: there is no such commit.
    """
    listed = git.run("ls-tree", "-r", "-z", "--full-tree", revision).out.split(b"\0")
    named = [line.partition(b"\t") for line in listed if line.startswith(b"100")]
    blobs = [about.split()[2] for about, _, _ in named]
    contents = git.run("cat-file", "--batch", stdin=b"\n".join(blobs) + b"\n" if blobs else b"").out
    found: dict[str, bytes] = {}
    at = 0
    for _, _, path in named:
        end = contents.index(b"\n", at)
        size = int(contents[at:end].split()[2])
        found[path.decode(errors="surrogateescape")] = contents[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found
