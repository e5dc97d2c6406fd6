"""Language servers asked about the few uses that a plan needs to know and that names leave open."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from coroom.core.errors import Refused
from coroom.host.confined import Confined, confined
from coroom.host.plans.type_session import TypeSession, installed_in
from coroom.launch.choose import DEFAULT
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.language_server import Located
from coroom.plan.open_uses import OpenUse, open_uses
from coroom.plan.servers import NAMES, KnownServer, program_of, servers_of
from coroom.plan.shelf import Shelf
from coroom.plan.task import TaskFootprint

AUTO, NONE = "auto", "none"
CHOICES = (AUTO, NONE, *NAMES)

WITHIN_S = 20.0
"""A server that has not answered all by then is ended; what it has said until then counts."""

HEAVY_WITHIN_S = 120.0
"""The same for one that takes long to start: jdtls 19 s for five files."""

USES_MAX = 300
"""A plan asks about no more: the 85 pairs of docs/planning.md have 43 in all, and WITHIN_S is soon over."""

FILES_MAX = 5_000
"""A server is shown a copy of the files; to copy more takes longer than its answers are worth."""

ANSWERS_VERSION = 1

ANSWERS_BYTES_MAX = 16 << 20
"""What is kept of them at most; 300 uses make 30 kB."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the files are that an index was made of.

    `read` gives the contents of those of the names that are there. `home` is the checkout whose own programs and
    packages may be used, `kept` the file for what servers have said.
    """

    paths: frozenset[str]
    read: Callable[[Collection[str]], Mapping[str, bytes]]
    home: Path | None = None
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many uses were open, and of how many somebody knew what they mean. `notes` say who, and what went wrong;
    `seconds` is how long it took.
    """

    open: int = 0
    settled: int = 0
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


Meaning = tuple[Place, ...] | None
"""What a use means: definitions of the index, none where it means something else; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Asks what there is. `wanted` is a server's name, `auto` or `none`; `isolation` the one that it runs in, empty for
    the best there is. Where nobody has named either, a server runs in an isolation or not at all: a repository brings
    programs and settings along that may be anybody's. A server has `within_s` to answer all, 0 for the usual.
    """

    wanted: str = AUTO
    isolation: str = ""
    within_s: float = 0.0

    def settle(self, index: SymbolIndex, source: Source, footprints: Sequence[TaskFootprint]) -> Resolved:
        """Tell the index what the open uses mean that could tie two of the footprints together.

        A server that is missing, fails or does not answer in time leaves them as they were.
        """
        if self.wanted == NONE:
            return Resolved()
        found = [*open_uses(index, footprints), *open_uses(index, footprints, far=True)]
        found = list(dict.fromkeys(found))
        began, settled = time.monotonic(), 0
        notes: list[str] = []
        if len(found) > USES_MAX:
            many = f"of {len(found):,} open uses a server is asked about {USES_MAX:,} at most"
            notes.append(f"{_uses(len(found) - USES_MAX)} guessed by name: {many}")
        for server, program, uses in self._shared_out(index, source, found[:USES_MAX], notes):
            try:
                settled += _Asking(self, server, program, index, source, notes).ask(uses)
            except OSError as problem:
                why = f"it cannot be shown the files: {problem.strerror}"
                notes.append(f"{_uses(len(uses))} guessed by name, for {server.name} is not asked: {why}")
        return Resolved(len(found), settled, tuple(notes), time.monotonic() - began)

    def _shared_out(
        self, index: SymbolIndex, source: Source, found: Sequence[OpenUse], notes: list[str]
    ) -> Iterator[tuple[KnownServer, Path, list[OpenUse]]]:
        """Each server with the uses that it is asked about; what nobody can be asked about is told."""
        by_language: dict[str, list[OpenUse]] = {}
        for each in found:
            inventory = index.inventory(each.path)
            by_language.setdefault(inventory.language if inventory is not None else "", []).append(each)
        shares: dict[str, tuple[KnownServer, Path, list[OpenUse]]] = {}
        for language, uses in by_language.items():
            known = servers_of(language)
            asked = [one for one in known if self.wanted == one.name or (self.wanted == AUTO and not one.heavy)]
            here = ((one, program) for one in asked if (program := program_of(one, source.home)) is not None)
            chosen = next(here, None)
            if chosen is not None:
                shares.setdefault(chosen[0].name, (*chosen, []))[2].extend(uses)
            else:
                notes.append(
                    f"{_uses(len(uses))} in {language} files guessed by name: {self._why_nobody(known, asked)}"
                )
        yield from shares.values()

    def _why_nobody(self, known: Sequence[KnownServer], asked: Sequence[KnownServer]) -> str:
        """Why nobody is asked about a language, and what to do."""
        if self.wanted != AUTO:
            return f"{self.wanted} is not here; install it" if asked else f"{self.wanted} does not read them"
        if asked:
            return f"no language server is here; known are {', '.join(one.name for one in asked)}"
        return f"no language server is asked unless named: {' or '.join(f'--resolve {one.name}' for one in known)}"


@dataclass(slots=True)
class _Asking:
    """One server and the uses that it is asked about."""

    resolver: Resolver
    server: KnownServer
    program: Path
    index: SymbolIndex
    source: Source
    notes: list[str]
    answers: dict[str, Meaning] = field(default_factory=dict)

    def ask(self, uses: Sequence[OpenUse]) -> int:
        """Tell the index what the server says; the number of uses that it knew."""
        texts = self.source.read(self._shown())
        hindered = problem = ""
        with closing(Shelf(self.source.kept, "answer", ANSWERS_BYTES_MAX)) as shelf:
            key = self._key(texts)
            self.answers.update(_decoded(shelf.get([key]).get(key, "{}")))
            wanted = [each for each in uses if _name(each) not in self.answers]
            if wanted:
                found = confined(self.resolver.isolation, DEFAULT, self.source.home or self.program.parent)
                hindered = self._hindrance(found, texts)
                problem = self._problem(found, texts, wanted) if isinstance(found, Confined) and not hindered else ""
                shelf.put({key: json.dumps(self.answers)} if self.answers else {})
        settled = 0
        for each in (one for one in uses if _name(one) in self.answers):
            meant = self.answers[_name(each)]
            settled += meant is not None
            self.index.tell(each.path, each.use, meant, self.server.name)
        if hindered:
            self.notes.append(f"{_uses(len(wanted))} guessed by name, for {self.server.name} is not asked: {hindered}")
        else:
            said = f"{self.server.name} was asked about {_uses(len(uses))} and settled {settled or 'none'}"
            self.notes.append(f"{said}; {problem}, so the rest is guessed by name" if problem else said)
        return settled

    def _hindrance(self, found: Confined | Refused, texts: Mapping[str, bytes]) -> str:
        """Why the server is not started at all; empty where it is."""
        if isinstance(found, Refused):
            return str(found).removesuffix(".")
        if len(texts) > FILES_MAX:
            return f"its {len(texts):,} files are more than the {FILES_MAX:,} that one is shown"
        if found.is_plain and self.server.heavy:
            return "it runs what the project says, so it needs an isolation, and none works here (coroom doctor)"
        if found.is_plain and self.resolver.wanted == AUTO and not self.resolver.isolation:
            return f"no isolation works here (coroom doctor); --resolve {self.server.name} asks it without one"
        return ""

    def _shown(self) -> list[str]:
        """The files that the server gets to see: those of its languages, and what says what the project is."""
        kinds = self.server.languages
        code = (path for path in self.index.paths if (it := self.index.inventory(path)) and it.language in kinds)
        manifests = (path for path in self.source.paths if path.rpartition("/")[2] in self.server.manifests)
        return sorted({*code, *manifests})

    def _key(self, texts: Mapping[str, bytes]) -> str:
        """The same for the same server, the same files and the same packages beside them: then it says the same."""
        found = self.program.stat()
        beside = [(str(place), place.stat().st_mtime_ns) for place in installed_in(self.source.home)]
        known = (ANSWERS_VERSION, str(self.program), found.st_size, found.st_mtime_ns, *beside)
        whole = blake2b(repr(known).encode(), digest_size=16)
        for path, text in sorted(texts.items()):
            whole.update(b"\0%s\0%d\0" % (path.encode(errors="surrogateescape"), len(text)))
            whole.update(text)
        return whole.hexdigest()

    def _problem(self, found: Confined, texts: Mapping[str, bytes], wanted: Sequence[OpenUse]) -> str:
        """Ask, and say what went wrong, if anything did."""
        session = TypeSession(
            server=self.server,
            program=self.program,
            confined=found,
            home=self.source.home,
            within_s=self.resolver.within_s or (HEAVY_WITHIN_S if self.server.heavy else WITHIN_S),
        )
        problem = session.ask(texts, wanted)
        for each, located in session.answers.items():
            self.answers[_name(each)] = self._meant(each, located) if located else None
        return problem

    def _meant(self, use: OpenUse, located: Sequence[Located]) -> tuple[Place, ...]:
        found = (self.index.place_at(each.path, each.line, use.use.name) for each in located)
        return tuple(dict.fromkeys(place for place in found if place is not None))


def _name(use: OpenUse) -> str:
    return f"{use.path}\n{use.use.scope}\n{use.use.holder}\n{use.use.name}"


def _uses(count: int) -> str:
    return "1 use of a name" if count == 1 else f"{count} uses of names"


def _decoded(text: str) -> Iterator[tuple[str, Meaning]]:
    """Answers that were kept; a damaged text has none."""
    with suppress(ValueError, TypeError, AttributeError):
        for name, places in json.loads(text).items():
            yield name, None if places is None else tuple(Place(path, symbol) for path, symbol in places)
