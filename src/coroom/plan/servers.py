"""The language servers that are known, by language, in the order in which they are asked, and where they are found."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coroom.core.codec import Json


def _is_there(_program: Path) -> bool:
    return True


def _speaks(program: Path) -> bool:
    """Whether a `tsc` is one that is a language server, too: since version 7."""
    for place in program.resolve().parents[:3]:
        try:
            told = json.loads((place / "package.json").read_text(encoding="utf-8"))
            return int(str(told["version"]).partition(".")[0]) >= 7
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownServer:
    """A language server, and how one talks to it.

    Attributes:
        name: as it is called by who asks for it and in what is told.
        languages: the languages that it reads, each with the protocol's name for it.
        command: the program and its arguments; `{home}` in one is a directory of its own.
        manifests: names of files that say what the project is; it is shown them beside the code.
        options: go with the first message; `settings` answer what it asks later, by section.
        ready: what it sends once it has read the project, with what must be in it; None where answers wait for that.
        environment: further variables.
        homes: variables that say where its tools are, with the usual place below the user's home, empty for none.
        heavy: it takes long to start and runs what the project says while it reads: only where it is asked for by its
            name, and never without an isolation.
        suits: whether a program that was found is the right one.
    """

    name: str
    languages: Mapping[str, str]
    command: tuple[str, ...]
    manifests: frozenset[str] = frozenset()
    options: Mapping[str, Json] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)
    ready: tuple[str, Mapping[str, Json]] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    heavy: bool = False
    suits: Callable[[Path], bool] = _is_there


_PYTHON = {"python": "python"}
_PYTHON_MANIFESTS = frozenset({"pyproject.toml", "pyrightconfig.json", "ty.toml", "pyrefly.toml", "py.typed"})
_SCRIPT = {"javascript": "javascript", "typescript": "typescript", "tsx": "typescriptreact"}
_SCRIPT_MANIFESTS = frozenset({"package.json", "tsconfig.json", "tsconfig.base.json", "jsconfig.json"})
_PYRIGHT: Mapping[str, Json] = {
    "python": {},
    "python.analysis": {"diagnosticMode": "openFilesOnly", "typeCheckingMode": "off", "autoSearchPaths": True},
    "basedpyright.analysis": {"diagnosticMode": "openFilesOnly", "typeCheckingMode": "off", "autoSearchPaths": True},
}

SERVERS = (
    KnownServer(name="ty", languages=_PYTHON, command=("ty", "server"), manifests=_PYTHON_MANIFESTS),
    KnownServer(name="pyrefly", languages=_PYTHON, command=("pyrefly", "lsp"), manifests=_PYTHON_MANIFESTS),
    KnownServer(
        name="basedpyright",
        languages=_PYTHON,
        command=("basedpyright-langserver", "--stdio"),
        manifests=_PYTHON_MANIFESTS,
        settings=_PYRIGHT,
    ),
    KnownServer(
        name="pyright",
        languages=_PYTHON,
        command=("pyright-langserver", "--stdio"),
        manifests=_PYTHON_MANIFESTS,
        settings=_PYRIGHT,
    ),
    KnownServer(name="jedi", languages=_PYTHON, command=("jedi-language-server",), manifests=_PYTHON_MANIFESTS),
    KnownServer(name="pylsp", languages=_PYTHON, command=("pylsp",), manifests=_PYTHON_MANIFESTS),
    KnownServer(
        name="tsc",
        languages=_SCRIPT,
        command=("tsc", "--lsp", "--stdio"),
        manifests=_SCRIPT_MANIFESTS,
        suits=_speaks,
    ),
    KnownServer(name="tsgo", languages=_SCRIPT, command=("tsgo", "--lsp", "--stdio"), manifests=_SCRIPT_MANIFESTS),
    KnownServer(
        name="typescript-language-server",
        languages=_SCRIPT,
        command=("typescript-language-server", "--stdio"),
        manifests=_SCRIPT_MANIFESTS,
        # Its other server answers meanwhile, and knows one file only.
        options={"tsserver": {"useSyntaxServer": "never"}},
    ),
    KnownServer(
        name="gopls",
        languages={"go": "go"},
        command=("gopls",),
        manifests=frozenset({"go.mod", "go.sum", "go.work"}),
        environment={"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"},
        homes={"GOMODCACHE": "go/pkg/mod"},
    ),
    KnownServer(
        name="rust-analyzer",
        languages={"rust": "rust"},
        command=("rust-analyzer",),
        manifests=frozenset({"Cargo.toml", "Cargo.lock", "rust-toolchain.toml"}),
        options={
            "cargo": {"buildScripts": {"enable": False}},
            "procMacro": {"enable": False},
            "checkOnSave": False,
            "cachePriming": {"enable": False},
        },
        ready=("experimental/serverStatus", {"quiescent": True}),
        environment={"CARGO_NET_OFFLINE": "true"},
        homes={"CARGO_HOME": ".cargo", "RUSTUP_HOME": ".rustup"},
        heavy=True,
    ),
    KnownServer(
        name="jdtls",
        languages={"java": "java"},
        command=("jdtls", "-data", "{home}/data", "-configuration", "{home}/configuration"),
        manifests=frozenset({"pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"}),
        options={"settings": {"java": {"import": {"gradle": {"enabled": False}, "maven": {"enabled": False}}}}},
        ready=("language/status", {"type": "ServiceReady"}),
        homes={"JAVA_HOME": ""},
        heavy=True,
    ),
)

NAMES = tuple(each.name for each in SERVERS)


def servers_of(language: str) -> list[KnownServer]:
    """The servers that read a language, first the one that is asked first."""
    return [each for each in SERVERS if language in each.languages]


def program_of(server: KnownServer, home: Path | None) -> Path | None:
    """The program of a server: that of the checkout `home`, else of the search path, else beside this interpreter."""
    return next((each for each in _candidates(server.command[0], home) if server.suits(each)), None)


def _candidates(name: str, home: Path | None) -> Iterator[Path]:
    places = [home / "node_modules/.bin", home / ".venv/bin", home / "venv/bin"] if home is not None else []
    found = [place / name for place in places]
    named = shutil.which(name)
    found += [Path(named)] if named else []
    yield from (each for each in (*found, Path(sys.executable).parent / name) if os.access(each, os.X_OK))
