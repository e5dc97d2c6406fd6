"""Asks the TypeScript compiler about single files: does each parse, and is it clean of type errors."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGES = ("typescript@5.9.3", "@types/react@19.2.2", "react@19.2.0", "lucide-react@0.545.0", "framer-motion@12.23.24")
"""What the outputs import and what judges them: the versions of the time at which they were made."""

CHUNK = 50
"""Files for one run of the compiler: it keeps all of them in memory."""

TIMEOUT_S = 600.0

_STUBS = 'declare module "@/*";\n'
"""The project around the files was never published, so whatever they take from it has any type."""

_NO_MODULE = frozenset({2307, 7016})
_NAMESPACES = ("'NodeJS'", "'JSX'")


class NoCompilerError(Exception):
    """There is no TypeScript compiler; its text says why, and what to do."""


def _is_whole(folder: Path) -> bool:
    return (folder / "node_modules" / "typescript" / "package.json").exists()


def _put_in_place(made: Path, folder: Path) -> None:
    """Move what was installed to where it is looked for; somebody else's that is whole and came first stays."""
    if folder.exists() and not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        made.rename(folder)
    except OSError:
        if not _is_whole(folder):
            raise


def compiler(home: Path | None = None, packages: Sequence[str] = PACKAGES) -> Path:
    """A folder with the compiler and the types that outputs import, installed by npm when it is not there.

    Args:
        home: the folder; by default one in the user's cache.
        packages: what is installed, the compiler first.

    Raises:
        NoCompilerError: there is no node or npm, or npm could not install them.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing = "node" if node is None else "npm"
        message = (
            f"type results need {missing}, which is not installed. Install Node.js 18 or newer, or give --no-types"
        )
        raise NoCompilerError(message)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coroom"
    folder = home or cache / packages[0].replace("@", "-")
    if _is_whole(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        made = Path(place) / folder.name
        made.mkdir()
        (made / "package.json").write_text("{}", encoding="utf-8")
        argv = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", *packages]
        done = subprocess.run(argv, cwd=made, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if line.strip()), "npm failed")
            message = f"npm could not install {packages[0]} and its companions ({said}). Try again, or give --no-types"
            raise NoCompilerError(message)
        _put_in_place(made, folder)
    return folder


def judged(texts: Mapping[str, bytes], home: Path) -> Iterator[dict[str, tuple[bool, int]]]:
    """By name of each text: whether it parses, and how many type errors it has; some at a time.

    What the published outputs could not know is no error: modules that are not installed, the namespaces of a project
    around them, and the attribute of a styling library.

    Raises:
        NoCompilerError: the compiler failed.
    """
    names = sorted(texts)
    for at in range(0, len(names), CHUNK):
        yield _chunk({name: texts[name] for name in names[at : at + CHUNK]}, home)


def _chunk(texts: Mapping[str, bytes], home: Path) -> dict[str, tuple[bool, int]]:
    script = resources.files("coroom.evaluate.rescore") / "types.cjs"
    with TemporaryDirectory(prefix="coroom-rescore-") as name, resources.as_file(script) as program:
        folder = Path(name)
        (folder / "node_modules").symlink_to(home / "node_modules")
        (folder / "stubs.d.ts").write_text(_STUBS, encoding="utf-8")
        for path, text in texts.items():
            (folder / path).write_bytes(text)
        argv = ["node", "--max-old-space-size=3072", str(program), name, str(home / "node_modules" / "typescript")]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
        message = f"the TypeScript compiler failed ({said}). Give --no-types to go on without it"
        raise NoCompilerError(message)
    found = json.loads(done.stdout)
    return {path: (not one["syntax"], _errors(one["types"])) for path, one in found.items()}


def _errors(diagnostics: Sequence[Sequence[object]]) -> int:
    return sum(not _excused(int(str(code)), str(text)) for code, text in diagnostics)


def _excused(code: int, text: str) -> bool:
    if code in _NO_MODULE:
        return True
    if code == 2503 and any(name in text for name in _NAMESPACES):
        return True
    return code == 2322 and "Property 'jsx' does not exist" in text
