"""What the main job plays when nobody brings their own: a public package, four tasks and four tapes.

The form of a tape is described in `coroom.host.door.tapes`.
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
