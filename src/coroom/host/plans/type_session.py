"""One talk with a language server over a copy of the files that it is asked about, in an isolation."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from coroom.checks.suites.command import SuiteCommand
from coroom.host.confined import Confined
from coroom.host.door.clean import one_line
from coroom.plan.language_server import LanguageServer, Located, ServerFailed, ServerStart, Unanswered
from coroom.plan.open_uses import OpenUse, spots
from coroom.plan.servers import KnownServer
from coroom.syntax import grammar_of

PACKAGES = ("node_modules",)
"""Of the checkout, what a server looks for beside the code to know what that imports."""


PROBLEM_CHARS_MAX = 250
"""A server may be the checkout's own, and its last words anybody's: a person's terminal gets a line or two of them."""

VENVS = (".venv", "venv")


def packages_of(home: Path | None) -> list[Path]:
    """The directories of packages in a checkout, of those there are: what is installed there changes them."""
    places = (*PACKAGES, *(f"{name}/lib/python*/site-packages" for name in VENVS))
    return sorted(found for place in places for found in home.glob(place)) if home is not None else []


def installed_in(home: Path | None) -> list[Path]:
    """What changes when something is installed in a checkout: these directories, and npm's scopes and list in them."""
    found = packages_of(home)
    inner = (place for each in found for name in ("@*", ".package-lock.json") for place in sorted(each.glob(name)))
    return [*found, *inner]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSession:
    """A server is started, asked and ended. `home` is the checkout whose packages it may read; `answers` are what it
    said, with nothing for what it does not know, also where it was ended before its time; `unanswered` is what it could
    not say at all this time.
    """

    server: KnownServer
    program: Path
    confined: Confined
    home: Path | None
    within_s: float
    answers: dict[OpenUse, list[Located]] = field(default_factory=dict)
    unanswered: dict[OpenUse, Unanswered] = field(default_factory=dict)

    def ask(self, texts: Mapping[str, bytes], uses: Sequence[OpenUse]) -> str:
        """What these uses mean, in files with these texts; the problem that there was, empty for none.

        The server gets a copy: it can change nothing of anybody's, and sees what the index saw.
        """
        with TemporaryDirectory(prefix="coroom-types-", ignore_cleanup_errors=True) as name:
            place = Path(name).resolve()
            tree = place / "tree"
            _write(tree, texts)
            home = place / "home"
            packages = list(_packages(tree, self.home)) if self.home is not None else []
            arguments = (each.replace("{home}", str(home)) for each in self.server.command[1:])
            started = self.confined.start(
                SuiteCommand((str(self.program), *arguments), "", self._environment()),
                tree,
                home,
                readable=(*packages, *self._homes().values()),
            )
            start = ServerStart(
                argv=started.argv,
                env=started.env,
                root=tree,
                settings=self.server.settings,
                options=self.server.options,
                ready=self.server.ready,
            )
            try:
                asyncio.run(self._talk(start, texts, uses))
            except ServerFailed as failed:
                return one_line(str(failed), PROBLEM_CHARS_MAX)
            except TimeoutError:
                return f"it did not answer within {self.within_s:g} s"
            finally:
                started.close()
        if self.unanswered:
            first = next(iter(self.unanswered.values()))
            return one_line(f"it answered {len(self.unanswered)} with an error: {first.why}", PROBLEM_CHARS_MAX)
        return ""

    async def _talk(self, start: ServerStart, texts: Mapping[str, bytes], uses: Sequence[OpenUse]) -> None:
        async with asyncio.timeout(self.within_s), LanguageServer(start) as server:
            await server.begin()
            for path in dict.fromkeys(each.path for each in uses):
                text = texts.get(path, b"").decode(errors="replace")
                grammar = grammar_of(path)
                server.open(path, self.server.languages[grammar.name if grammar else ""], text)
                lines = text.split("\n")
                for each in (one for one in uses if one.path == path):
                    self._take(each, [await server.definitions(path, spot) for spot in spots(lines, each.use)])

    def _take(self, use: OpenUse, told: Sequence[list[Located] | Unanswered]) -> None:
        located: list[Located] = []
        for each in told:
            if isinstance(each, Unanswered):
                self.unanswered[use] = each
                return
            located += each
        self.answers[use] = located

    def _environment(self) -> dict[str, str]:
        places = [self.home / name for name in VENVS] if self.home is not None else []
        venv = next((str(place) for place in places if place.is_dir()), "")
        own = {"VIRTUAL_ENV": venv} if venv else {}
        return {**own, **self.server.environment, **{name: str(at) for name, at in self._homes().items()}}

    def _homes(self) -> dict[str, Path]:
        """Where the tools of the language are, of what is there."""
        usual = {name: Path.home() / place for name, place in self.server.homes.items() if place}
        said = {name: Path(os.environ[name]) for name in self.server.homes if os.environ.get(name)}
        return {name: place for name, place in {**usual, **said}.items() if place.is_dir()}


def _write(tree: Path, texts: Mapping[str, bytes]) -> None:
    tree.mkdir(parents=True)
    for path, text in texts.items():
        target = tree / path
        if ".." in target.parts or Path(path).is_absolute():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)


def _packages(tree: Path, home: Path) -> Iterator[Path]:
    """Where packages are that the code imports: linked into the tree, once nothing more is written there."""
    for name in PACKAGES:
        if (home / name).is_dir() and not (tree / name).exists():
            (tree / name).symlink_to((home / name).resolve())
            yield (home / name).resolve()
