"""What a program needs to see of the machine: the system, and the places its interpreter and its tools are in."""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix")
"""Programs and libraries; nobody's secrets."""

SETTINGS = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "fonts",
    "gai.conf",
    "group",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "passwd",
    "pki",
    "profile",
    "protocols",
    "services",
    "ssl",
    "timezone",
    "vim",
)
"""Of /etc what programs read; not its keys, tokens and passwords."""


def system_places() -> list[Path]:
    """The places of the system that exist here, as they are named."""
    found = [Path(name) for name in SYSTEM if os.path.lexists(name)]
    return found + [Path("/etc") / name for name in SETTINGS if os.path.lexists(f"/etc/{name}")]


def program_places(argv: Iterable[str], env: Mapping[str, str]) -> list[Path]:
    """Where the programs of `argv` and of the search path live outside the system: read-only for the agent.

    A directory of programs brings the directory above it, where its libraries are; but never a home as a whole.
    """
    path = env.get("PATH", os.defpath)
    found = {Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[1]}
    for directory in path.split(os.pathsep):
        if directory and os.path.isdir(directory):
            found.add(_installation(Path(directory)))
    for word in argv:
        program = shutil.which(word, path=path)
        if program:
            real = Path(program).resolve()
            found.add(_installation(real.parent))
    return sorted({place for place in found if not _of_system(place)})


def environment_places(checkout: Path) -> list[Path]:
    """The virtual environments of a checkout, and the interpreters that they stand on."""
    found = [place for place in (checkout / ".venv", checkout / "venv") if (place / "bin/python").exists()]
    below = [_installation((place / "bin/python").resolve().parent) for place in found]
    return [*found, *(place for place in below if not _of_system(place))]


def named_places(words: Iterable[str]) -> list[Path]:
    """Of the words of a command line the programs by their full path: where the program is one of an installation
    (`…/bin/NAME`) all of that, with the interpreter behind it, else the file alone.
    """
    found: list[Path] = []
    for word in words:
        program = Path(word)
        if not program.is_absolute() or not program.is_file() or not os.access(program, os.X_OK):
            continue
        places = (program.parent, program.resolve().parent)
        found += [_installation(place) for place in places if place.name in {"bin", "sbin"}] or [program]
    return sorted({place for place in found if not _of_system(place)})


def _installation(directory: Path) -> Path:
    homes = {Path("/"), Path.home(), Path.home() / ".local", Path("/home"), Path("/root"), Path("/tmp")}  # noqa: S108
    above = directory.parent
    return directory if above in homes or directory in homes else above


def _of_system(place: Path) -> bool:
    return any(place == Path(name) or place.is_relative_to(name) for name in SYSTEM)
