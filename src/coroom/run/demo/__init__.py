"""What the main job plays when nobody brings their own: a public package, four tasks and four tapes.

A tape is JSON Lines, one step of one agent's session a line, played in order. Every run leaves one for each of its
agents in `tapes` of the room's directory, and `--agent tape:FILE` plays it:

    at_ms       milliseconds after the step before it, counted once `after` and `when` are met
    after       {"agent", "step"}: not before that labelled step of the other agent has finished
    when        {"notice", "path"}: only when such a notice has come since the tape began; it is awaited
                for `within_ms`, then the step is left out
    tool, args  what is called, see below
    held        of `answer`: the path whose held edit is meant, since its id is another one in another room
    label       the name that other tapes wait for
    say_why     one line for the person who watches

`task`, `claim`, `release` and `sync` (and `say`, `land`, `answer`) are the room's own tools. `native_read`,
`native_write`, `native_edit`, `native_delete` and `shell` are the agent's: they act on its mirror's disk,
between the hooks that run before and after a tool. `native_edit` replaces `old`, which stands in the file
once, by `new`. `native_open` runs the first hook of the *next* step now: that tool call is under way from
here on, as when a client asks its user for permission, and the next step runs without that hook. A refused
call and a failing shell command do not end a tape.

A text of an argument that is long stands in the folder `blobs` beside the tape, in a file named by its SHA-256, and on
the tape as `{"blob": SHA256}`; so does the argument `data` of `native_write`, which is bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTask:
    """One task of the board, as it is posted."""

    id: str
    title: str
    description: str
    touches: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What `demo.json` says: the package, how it is tested, the board, and the tape of each agent."""

    name: str
    version: str
    sha256: str
    license: str
    test_command: tuple[str, ...]
    test_requirements: tuple[str, ...]
    tasks: tuple[DemoTask, ...]
    agents: Mapping[str, Path]

    @property
    def archive(self) -> str:
        """The file name of the source archive."""
        return f"{self.name}-{self.version}.tar.gz"


def load_demo() -> Demo:
    """Return the demo that ships with Coroom."""
    folder = Path(str(resources.files(__name__)))
    document = cast("dict[str, object]", json.loads((folder / "demo.json").read_text(encoding="utf-8")))
    package = _typed(document["package"], dict)
    return Demo(
        name=_typed(package["name"], str),
        version=_typed(package["version"], str),
        sha256=_typed(package["sha256"], str),
        license=_typed(package["license"], str),
        test_command=_words(document["test_command"]),
        test_requirements=_words(document["test_requirements"]),
        tasks=tuple(_task(_typed(entry, dict)) for entry in _typed(document["tasks"], list)),
        agents={name: folder / _typed(tape, str) for name, tape in _typed(document["agents"], dict).items()},
    )


def _task(entry: Mapping[str, object]) -> DemoTask:
    return DemoTask(
        id=_typed(entry["id"], str),
        title=_typed(entry["title"], str),
        description=_typed(entry["description"], str),
        touches=_words(entry["touches"]),
        after=_words(entry["after"]),
    )


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"demo.json: expected {kind.__name__}, found {value!r}")
    return value


def _words(value: object) -> tuple[str, ...]:
    return tuple(_typed(word, str) for word in _typed(value, list))
