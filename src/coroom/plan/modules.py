"""Which file an import means: module names against the paths of a repository, by language."""

from collections.abc import Iterable, Iterator
from posixpath import dirname, join, normpath, splitext

_SCRIPT_ENDINGS = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
_SCRIPT_WRITTEN = (".js", ".jsx", ".mjs", ".cjs")


class Modules:
    """The files of a repository by what imports can call them. Changes one file at a time."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._paths: set[str] = set()
        self._by_tail: dict[str, set[str]] = {}
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """A file that is there."""
        self._paths.add(path)
        for tail in _tails(path):
            self._by_tail.setdefault(tail, set()).add(path)

    def remove(self, path: str) -> None:
        """A file that has gone."""
        self._paths.discard(path)
        for tail in _tails(path):
            self._by_tail.get(tail, set()).discard(path)

    def meant(self, importer: str, language: str, module: str, name: str) -> tuple[tuple[str, str], ...]:
        """The files that an import may mean, each with the name looked for in it (empty: the file itself).

        The nearest ones only, when several have the same name; nothing for what is not in the repository.
        """
        for tail, wanted in _wanted(importer, language, module, name):
            if tail.startswith("/"):
                found = [path for path in _written(tail[1:]) if path in self._paths][:1]
            else:
                found = _nearest(importer, self._by_tail.get(tail, ()))
            if found:
                return tuple((path, wanted) for path in found)
        return ()


def _tails(path: str) -> Iterator[str]:
    """What an import can end in to mean this file: the path without its ending, from any directory on."""
    stem, ending = splitext(path)
    parts = stem.split("/")
    if (ending in {".py", ".pyi"} and parts[-1] == "__init__") or (
        ending == ".rs" and parts[-1] in {"mod", "lib", "main"}
    ):
        parts = parts[:-1]
    elif ending == ".go":
        parts = [*parts[:-1], ""]
    language = ending.lstrip(".").removesuffix("i")
    for start in range(len(parts)):
        yield f"{language}:{'/'.join(parts[start:])}"


def _wanted(importer: str, language: str, module: str, name: str) -> Iterator[tuple[str, str]]:
    match language:
        case "python":
            yield from _python(importer, module, name)
        case "javascript" | "typescript" | "tsx":
            if module.startswith("."):
                yield f"/{normpath(join(dirname(importer), module))}", "" if name == "*" else name
        case "go":
            parts = module.split("/")
            yield from ((f"go:{'/'.join(parts[start:])}/", name) for start in range(len(parts)))
        case "rust":
            parts = [part for part in module.split("::") if part not in {"crate", "self", "super"}]
            yield f"rs:{'/'.join([*parts, name])}", ""
            yield from ((f"rs:{'/'.join(parts[:end])}", (*parts[end:], name)[0]) for end in range(len(parts), 0, -1))
        case "java":
            parts = module.split(".")
            yield f"java:{'/'.join([*parts, name])}", name
            yield f"java:{'/'.join(parts)}", name


def _python(importer: str, module: str, name: str) -> Iterator[tuple[str, str]]:
    bare = module.lstrip(".")
    parts = bare.split(".") if bare else []
    up = len(module) - len(bare)
    if up:
        package = importer.split("/")[:-up]
        parts = [*package, *parts]
    if name and name != "*":
        yield f"py:{'/'.join([*parts, name])}", ""
    if parts:
        yield f"py:{'/'.join(parts)}", "" if name == "*" else name


def _written(stem: str) -> Iterator[str]:
    """The files that a relative import of a script may be written for."""
    yield stem
    bare = next((stem.removesuffix(ending) for ending in _SCRIPT_WRITTEN if stem.endswith(ending)), stem)
    yield from (bare + ending for ending in _SCRIPT_ENDINGS)
    yield from (f"{stem}/index{ending}" for ending in _SCRIPT_ENDINGS)


def _nearest(importer: str, found: Iterable[str]) -> list[str]:
    """Of several files of one name, those that share the longest way with the importer."""
    ranked: dict[int, list[str]] = {}
    for path in found:
        shared = 0
        for one, other in zip(path.split("/"), importer.split("/"), strict=False):
            if one != other:
                break
            shared += 1
        ranked.setdefault(shared, []).append(path)
    return sorted(ranked[max(ranked)]) if ranked else []
