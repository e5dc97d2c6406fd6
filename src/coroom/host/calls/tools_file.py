"""The tools of a room, opened from a file that its operator wrote; `docs/tools.md` explains each word of it.

sqlite: {shop: shop.db}
postgres: {office: "host=127.0.0.1 dbname=office"}
kubernetes: {url: "http://127.0.0.1:8001"}
files: shared
shell: shared
mcp: [notes.yaml]
functions: [shipping.py]
brought: true
"""

import importlib.util
import secrets
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from coroom.core.errors import unread
from coroom.host.calls.calls import stray_seen
from coroom.host.calls.smithy import Workshop
from coroom.ports import Files, Tool
from coroom.tools.files import file_tools
from coroom.tools.journal import Journal
from coroom.tools.kept import Kept, own_name
from coroom.tools.observers import DifferenceObserver, Observer, OneAtATime, PostgresPlace, SqliteObserver
from coroom.tools.probe import Watched
from coroom.tools.python_observer import InRoom, PythonObserver
from coroom.tools.registry import BadTool, Declaration, FunctionTool, Toolbox
from coroom.tools.sandbox import Sandbox
from coroom.tools.shell import ShellTool
from coroom.tools.trials import proven
from coroom.workspace.beneath import Root
from coroom.workspace.stage import Stage
from coroom.workspace.tree import FileTree

EVERYTHING = "everything"
"""A function of a Python file of tools: all the state that its tools act on, by names of resources."""


class ClusterEntry(BaseModel):
    """How to reach a Kubernetes API."""

    model_config = ConfigDict(extra="forbid")
    url: str
    token_file: str = ""
    ca_file: str = ""


class ToolsFile(BaseModel):
    """The whole file. Paths are taken from the directory that it is in."""

    model_config = ConfigDict(extra="forbid")
    sqlite: dict[str, str] = {}
    postgres: dict[str, str] = {}
    kubernetes: ClusterEntry | None = None
    files: str = ""
    shell: str = ""
    mcp: list[str] = []
    functions: list[str] = []
    brought: bool = False


def read_tools_file(path: Path) -> ToolsFile:
    """Read it.

    Raises:
        BadTool: it cannot be read, says something that it may not, or names no tools.
    """
    try:
        read = ToolsFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0] if isinstance(error, yaml.YAMLError) else unread(error)
        raise BadTool(
            f"{path} cannot be read: {why[:1].lower()}{why[1:]}. Name a file of tools; docs/tools.md shows one."
        ) from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise BadTool(f"{path}: {where}: {problem['msg'].lower()}. docs/tools.md shows what it may hold.") from error
    if read == ToolsFile():
        raise BadTool(f"{path} names no tools. docs/tools.md shows what it may hold.")
    return read


class OpenTools:
    """The tools of one file, open until `close`. Functions of Python files are watched as far as they can be."""

    def __init__(self, path: Path, place: Path) -> None:
        """Open all of it.

        Args:
            path: the file.
            place: a directory of the room's own, for the journal of calls and what is rehearsed.

        Raises:
            BadTool: the file is wrong, or something that it names cannot be reached; nothing is left open.
        """
        self._near = path.absolute().parent
        self._place = place
        self._stack = ExitStack()
        self.box = Toolbox()
        self._places: list[PostgresPlace] = []
        self._trees: dict[Path, Files] = {}
        self.workshop: Workshop | None = None
        """Where tools that are made in the room act, if the file has a directory for them."""
        said = read_tools_file(path)
        place.mkdir(parents=True, exist_ok=True)
        self._room = _word_of(place)
        self.brought = said.brought
        """Whether agents may bring functions of their own."""
        self.journal = Journal(str(place / "calls.sqlite3"))
        self._stack.callback(self.journal.close)
        try:
            self._open(said)
        except BadTool:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise BadTool(
                f"{path}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            ) from error

    @property
    def by_name(self) -> Mapping[str, Tool]:
        """The tools."""
        return {tool.spec.name: tool for tool in self.box}

    def keep_only(self, calls: Iterable[str]) -> None:
        """Drop what is kept of all calls but these, which may still be undone."""
        self.journal.keep_only(own_name(self._room, call) for call in calls)

    def close(self) -> None:
        """End connections and servers."""
        self._stack.close()

    def _open(self, said: ToolsFile) -> None:
        for name, path in said.sqlite.items():
            self._sqlite(name, self._at(path))
        for name, conninfo in said.postgres.items():
            self._postgres(name, conninfo)
        if said.kubernetes:
            self._cluster(said.kubernetes)
        # Programs that functions start are known by what they leave; so nobody else changes files meanwhile.
        alone = [OneAtATime()] if said.functions and said.files else []
        if said.files:
            self._take(file_tools(self._tree(said.files)), alone)
        if said.shell:
            workshop = self._workshop(said.shell)
            self._take(Toolbox([ShellTool(workshop.files, workshop.sandbox)]), alone)
        elif said.files:
            self._workshop(said.files)
        for path in said.mcp:
            self._take(self._proxied(path))
        watching = self._python(said)
        for path in said.functions:
            self._functions(self._at(path), [*alone, watching])

    def own(self, tool: Tool) -> Tool:
        """The tool as this room's."""
        return Kept(tool, self.journal, self._room)

    def _take(self, tools: Toolbox, observers: Sequence[Observer] = ()) -> None:
        """The tools as this room's, under observation: what a call touches unsaid is told to the room."""
        for tool in tools:
            self.box.add(Watched(self.own(tool), observers, stray_seen) if observers else self.own(tool))

    def _at(self, path: str) -> Path:
        return self._near / path

    def _tree(self, directory: str) -> Files:
        where = self._at(directory)
        if not where.is_dir():
            raise BadTool(f"{directory} is no directory.")
        real = where.resolve()
        if real not in self._trees:
            root = self._stack.enter_context(Root(str(where)))
            # What is being put must be on the same file system, and is no part of the directory.
            stage = Stage.at(str(real.with_name(f".{real.name}.coroom")))
            self._stack.callback(stage.close)
            self._trees[real] = FileTree(root, stage, time.monotonic)
        return self._trees[real]

    def _workshop(self, directory: str) -> Workshop:
        if self.workshop is None:
            rehearsals = self._place / "rehearsals"
            # What a killed host was rehearsing or trying out then.
            shutil.rmtree(rehearsals, ignore_errors=True)
            rehearsals.mkdir(exist_ok=True)
            files, where = self._tree(directory), str(self._at(directory))
            self.workshop = Workshop(where, files, Sandbox(where, str(rehearsals)), str(rehearsals), self.own)
        return self.workshop

    def _cluster(self, said: ClusterEntry) -> None:
        from coroom.tools.kubernetes import kubernetes_tools  # noqa: PLC0415  only for who has one
        from coroom.tools.kubernetes_client import Cluster  # noqa: PLC0415  only for who has one
        from coroom.tools.kubernetes_observer import KubernetesObserver  # noqa: PLC0415  only for who has one

        token = self._at(said.token_file).read_text(encoding="utf-8").strip() if said.token_file else ""
        observer = KubernetesObserver(verify=str(self._at(said.ca_file)) if said.ca_file else True)
        cluster = Cluster(said.url, token=token, transport=observer)
        self._stack.callback(cluster.close)
        self._take(kubernetes_tools(cluster), [observer])

    def _sqlite(self, name: str, path: Path) -> None:
        from coroom.tools.sql import sql_tools  # noqa: PLC0415  only for who has one
        from coroom.tools.sql_sqlite import SqliteDatabase  # noqa: PLC0415  only for who has one

        if not path.is_file():
            raise BadTool(f"{path} is no database; a tool would make an empty one.")
        database = SqliteDatabase(str(path), name)
        self._stack.callback(database.close)
        self._take(sql_tools(database), [SqliteObserver(database.connection, name, database.alone)])

    def _postgres(self, name: str, conninfo: str) -> None:
        from coroom.tools.sql import sql_tools  # noqa: PLC0415  only for who has one

        try:
            from coroom.tools.postgres_observer import PostgresObserver, place_of  # noqa: PLC0415  only for who has one
            from coroom.tools.sql_postgres import PostgresDatabase  # noqa: PLC0415  only for who has one
        except ImportError as missing:
            raise BadTool("PostgreSQL needs the extra: pip install 'coroom[postgres]'.") from missing
        database = PostgresDatabase(conninfo, name)
        self._stack.callback(database.close)
        self._places.append(place_of(database))
        self._take(sql_tools(database), [PostgresObserver(database)])

    def _proxied(self, path: str) -> Toolbox:
        from coroom.tools.proxy import proxied, read_footprints  # noqa: PLC0415  only for who has one

        box, server = proxied(read_footprints(str(self._at(path))), self.journal)
        self._stack.callback(server.close)
        return box

    def _python(self, said: ToolsFile) -> Observer:
        """Sees what functions do to all that the file names."""
        root = str(self._at(said.files)) if said.files else ""
        databases = {str(self._at(path)): name for name, path in said.sqlite.items()}
        cluster = said.kubernetes.url if said.kubernetes else ""
        return InRoom(PythonObserver(root, databases=databases, postgres=self._places, cluster=cluster), root)

    def _functions(self, path: Path, observers: list[Observer]) -> None:
        made = _names_in(path)
        look = made.get(EVERYTHING)
        if callable(look):
            observers += [OneAtATime(), DifferenceObserver(look)]
        declared = list({id(one): one for one in made.values() if isinstance(one, Declaration)}.values())
        if not declared:
            raise BadTool(f"{path} declares no tool. A tool is a function under @tool(...), see docs/tools.md.")
        self._take(Toolbox(FunctionTool(one, self.journal, proven=proven(one)) for one in declared), observers)


def _word_of(place: Path) -> str:
    """What the room of this directory is told from all others by; a room that has made calls without one goes on."""
    kept = place / "room"
    if not kept.exists():
        kept.write_text("" if (place / "calls.sqlite3").exists() else secrets.token_hex(6), encoding="ascii")
    return kept.read_text(encoding="ascii")


def _names_in(path: Path) -> dict[str, object]:
    """Run a Python file that the operator named, as a module of its own."""
    name = f"coroom_functions_{sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise BadTool(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pydantic look their annotations up there.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return vars(module)
