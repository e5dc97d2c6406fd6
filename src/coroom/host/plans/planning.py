"""A plan for a list of tasks over a directory: its files, its history, what the tasks touch, and the route."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from coroom.core.codec import Json
from coroom.core.resource import Resource
from coroom.git.command import Git, GitFailed
from coroom.git.repository import Repository, inspect
from coroom.host.plans.resolving import Resolved, Resolver, Source
from coroom.host.plans.tasks_done import tasks_done
from coroom.plan.coupling import Pair, pairs_of
from coroom.plan.durations import Durations
from coroom.plan.footprint import Footprints, resources_of
from coroom.plan.history import CoChange
from coroom.plan.index import SymbolIndex
from coroom.plan.kept import FILE_BYTES_MAX, inventories
from coroom.plan.route import Route, route
from coroom.plan.said_lines import said_lines
from coroom.plan.task import PlanTask, TaskFootprint
from coroom.syntax import PLAIN_ENDINGS, grammar_of
from coroom.workspace.beneath import Root
from coroom.workspace.states import FileState, Kind

COMMITS_MAX = 2_000
"""So far back does history say which files change together."""

_NOT_CODE = frozenset(
    {"node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache", "dist", "build", "target"}
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan stands on: the symbols, the files and the history of a directory, and how long work there takes.
    `notes` say what is missing. `source` is where a language server gets the files from, None to ask none. `length_of`
    says how many lines a file has, None where that is not known.
    """

    index: SymbolIndex
    paths: frozenset[str]
    history: CoChange
    notes: tuple[str, ...]
    durations: Durations = field(default_factory=Durations)
    source: Source | None = None
    length_of: Callable[[str], int | None] = lambda _path: None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which tasks run side by side, and all that led to it."""

    footprints: tuple[TaskFootprint, ...]
    pairs: tuple[Pair, ...]
    route: Route
    notes: tuple[str, ...]
    resolved: Resolved


def plan_for(
    ground: Ground, tasks: Sequence[PlanTask], agents_max: int | None = None, resolver: Resolver | None = None
) -> Plan:
    """The plan for these tasks.

    Args:
        ground: what it stands on.
        tasks: what is to be done.
        agents_max: at most so many agents; None for as many as the work has room for.
        resolver: who asks language servers what names leave open; None to guess that.

    Raises:
        CycleError: tasks wait for one another in a circle.
    """
    found = Footprints(ground.index, ground.paths, ground.history, ground.length_of)
    footprints = found.of_all(tasks)
    resolved = Resolved()
    if resolver is not None and ground.source is not None:
        resolved = resolver.settle(ground.index, ground.source, footprints)
    pairs = tuple(pairs_of(footprints, ground.index, ground.history))
    notes = [*ground.notes, *resolved.notes]
    notes += [
        f"{each.task.id} touches what is not there yet: {_some(each.unknown)}" for each in footprints if each.unknown
    ]
    notes += [note for each in footprints for note in _impossible(each)]
    strange = [
        f"{one.task.id} ({one.task.title})" for one in footprints if not (one.unknown or one.touches or one.others)
    ]
    if strange:
        what = "it touches" if len(strange) == 1 else "they touch"
        notes.append(f"nothing in the repository answers to {_some(strange)}; say what {what}")
    learned = ground.durations.learned_from
    if learned and any(each.task.seconds is None for each in footprints):
        notes.append(f"how long tasks take is learned from {learned} that were done in rooms of this repository")
    return Plan(footprints, pairs, route(footprints, pairs, ground.durations, agents_max), tuple(notes), resolved)


def _impossible(footprint: TaskFootprint) -> Iterator[str]:
    name, found = footprint.task.id, footprint.impossible
    yield from (f"{name} touches {one.resource}: {one.why}" for one in found[:3])
    if found[3:]:
        yield f"{name} touches {len(found) - 3} more that cannot be: 'unknown' lists them in coroom plan --json"


def is_there(resource: Resource, ground: Ground) -> bool:
    """Whether a file or definition of that name is in the repository; other resources are taken to be."""
    if resource.path is None:
        return True
    if resource.path not in ground.paths:
        said = said_lines(resource.name)
        return said is not None and said.path in ground.paths
    symbol = resource.name.partition("#")[2]
    known = ground.index.symbols(resource.path)
    return not symbol or symbol in known or ground.index.inventory(resource.path) is None


def document(plan: Plan) -> dict[str, Json]:
    """The plan as `coroom plan --json` prints it."""
    made = plan.route
    return {
        "policy": made.policy,
        "agents": made.agents,
        "lanes": [list(lane) for lane in made.lanes],
        "waits": [{"task": wait.task, "after": wait.after} for wait in made.waits],
        "seconds": round(made.seconds, 1),
        "serial_seconds": round(made.serial_seconds, 1),
        "bound_seconds": round(made.bound_seconds, 1),
        "reasons": list(made.reasons),
        "tasks": [
            {
                "id": each.task.id,
                "title": each.task.title,
                "description": each.task.description,
                "touches": list(resources_of(each)),
                "predicted": each.predicted,
                "unknown": [*each.unknown, *(one.resource for one in each.impossible)],
                "after": list(each.task.after),
            }
            for each in plan.footprints
        ],
        "pairs": [
            {
                "a": pair.a,
                "b": pair.b,
                "coupled": pair.coupled,
                "score": pair.score,
                "reasons": list(pair.reasons),
                "first": pair.first,
            }
            for pair in plan.pairs
        ],
        "notes": list(plan.notes),
    }


def ground_of(directory: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> Ground:
    """Read a directory: what git knows in a repository, all but the usual build directories elsewhere.

    Raises:
        OSError: the directory cannot be read.
    """
    repository = inspect(directory, strict=False)
    notes: list[str] = []
    if isinstance(repository, Repository):
        top, rooms = repository.toplevel, repository.common / "coroom"
        kept, durations = rooms / "index.sqlite3", Durations(tasks_done(rooms))
        history = CoChange(_commits(repository.git, notes))
        with Root(os.fspath(top)) as root:
            paths, texts = _read(root, _listed(repository.git))
    else:
        top, kept, history, durations = directory, None, CoChange(), Durations()
        notes.append("not in a git repository with commits: history says nothing of what changes together")
        with Root(os.fspath(directory)) as root:
            paths, texts = _read(root, (entry.path for entry in root.walk(_is_left_out)))
    index = SymbolIndex()
    for path, found in inventories(texts, kept, progress):
        index.put_inventory(path, found)
    notes.extend(_reading_notes(index, paths))
    source = Source(paths, partial(_contents, top), top.absolute(), kept)
    return Ground(index, paths, history, tuple(notes), durations, source, lru_cache(partial(_length, top)))


def _is_left_out(path: str, _is_directory: bool) -> bool:  # noqa: FBT001 - as the walk calls it
    return path.rpartition("/")[2] in _NOT_CODE


def _listed(git: Git) -> Iterator[str]:
    listed = git.run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    yield from dict.fromkeys(os.fsdecode(path) for path in listed.out.split(b"\0") if path)


def _read(root: Root, paths: Iterable[str]) -> tuple[frozenset[str], dict[str, bytes]]:
    """The names of all files, and the text of those that some language reads and that are not too large."""
    names, texts = set[str](), dict[str, bytes]()
    for path in paths:
        state = root.read(path, FILE_BYTES_MAX) if grammar_of(path) is not None else root.lstat(path)
        if isinstance(state, FileState) and state.kind is Kind.FILE:
            names.add(path)
            if state.data is not None:
                texts[path] = state.data
    return frozenset(names), texts


def _contents(top: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """What stands in these files now, but for what is gone or too large."""
    with Root(os.fspath(top)) as root:
        found = ((path, root.read(path, FILE_BYTES_MAX)) for path in wanted)
        files = ((path, each) for path, each in found if isinstance(each, FileState) and each.kind is Kind.FILE)
        return {path: each.data for path, each in files if each.data is not None}


def _length(top: Path, path: str) -> int | None:
    """How many lines a file has, the last of which may have no end."""
    text = _contents(top, (path,)).get(path)
    return None if text is None else text.count(b"\n") + (not text.endswith(b"\n") and text != b"")


def history_of(repository: Repository) -> CoChange:
    """Which files change together in a repository, as far as git can tell."""
    return CoChange(_commits(repository.git, []))


def _commits(git: Git, notes: list[str]) -> Iterator[Collection[str]]:
    try:
        told = git.run("log", f"-n{COMMITS_MAX}", "--no-merges", "--no-renames", "--name-only", "--format=%x01", "-z")
    except GitFailed as failed:
        notes.append(f"git cannot tell the history ({failed.why}): it says nothing of what changes together")
        return
    commits = [[os.fsdecode(path.strip(b"\n")) for path in one.split(b"\0")] for one in told.out.split(b"\1")[1:]]
    if len(commits) < 2:
        notes.append("there is hardly any history: it says nothing of what changes together")
    yield from ([path for path in paths if path] for paths in commits)


def _reading_notes(index: SymbolIndex, paths: Collection[str]) -> Iterator[str]:
    read = set(index.paths)
    broken = sorted(path for path in read if (found := index.inventory(path)) is not None and not found.whole)
    if broken:
        yield f"read in part, for they do not parse: {_some(broken)}"
    endings = {path.rpartition(".")[2] if "." in path.rpartition("/")[2] else "" for path in paths}
    strange = sorted(ending for ending in endings - PLAIN_ENDINGS if grammar_of(f"a.{ending}") is None)
    if strange and len(read) < len(paths) / 2:
        yield f"by their names alone, for their language is not read: .{', .'.join(strange[:8])} files"
    large = sorted(path for path in paths if grammar_of(path) is not None and path not in read)
    if large:
        yield f"by their names alone, for they are too large: {_some(large)}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
