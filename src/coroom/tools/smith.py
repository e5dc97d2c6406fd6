"""The ToolSmith: turns a wanted capability into a tool that was tried before anyone may call it.

Whoever proposes (a model, a script, a person) is not believed. A proposal is a recipe; its footprint, its undo and its
effect class are tried on a copy of the files, and what was found goes back to the proposer, a few times. What passes
joins the library in the log; the same wish gets the same tool.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from coroom.core.action import Effect
from coroom.core.errors import Refused
from coroom.core.tool import MadeTool, ToolCall, canonical
from coroom.ports import Content, Files, ToolFailed
from coroom.tools.contents import text_of
from coroom.tools.probe import Finding, Look, Trial, try_out
from coroom.tools.recipe import Recipe, RecipeTool, read_recipe
from coroom.tools.registry import BadTool
from coroom.tools.sandbox import Outcome, Sandbox

ATTEMPTS = 4
"""Proposals for one wish; whoever has not understood by then does not."""

TreeAt = Callable[[str], AbstractContextManager[Files]]
"""Opens the files of a directory."""


class Proposer(Protocol):
    """Whoever turns a wish into recipes."""

    async def propose(self, wish: str, library: Sequence[MadeTool], found: Sequence[str]) -> str:
        """Return a recipe as JSON, or `{"use": NAME}` for a tool of the library that does it.

        Args:
            wish: a capability in words, or a command line.
            library: the tools that are there.
            found: what the trial found of the last proposal; empty at first.
        """
        ...


@dataclass(frozen=True, slots=True)
class Made:
    """A tool that passed its trial."""

    recipe: Recipe
    trial: Trial


@dataclass(frozen=True, slots=True)
class Known:
    """The library has a tool for this."""

    name: str


@dataclass(frozen=True, slots=True)
class NotMade:
    """No proposal passed; what was found of the last."""

    found: tuple[str, ...]


class Smith:
    """Tries proposals on copies of one directory, in `place`."""

    def __init__(self, proposer: Proposer | None, directory: str, place: str, tree_at: TreeAt) -> None:
        """Without a proposer it judges what others bring."""
        self._proposer = proposer
        self._directory, self._place, self._tree_at = directory, place, tree_at

    async def request(self, wish: str, library: Sequence[MadeTool]) -> Made | Known | NotMade:
        """Find a tool for a wish, or make one. Nothing joins the library here: that is a command to the room."""
        known = known_for(wish, library)
        if known:
            return known
        if self._proposer is None:
            return NotMade(("nobody proposes anything",))
        found: tuple[str, ...] = ()
        for _ in range(ATTEMPTS):
            said = await self._proposer.propose(wish, library, found)
            judged = await asyncio.to_thread(self.judge, said, library)
            if not isinstance(judged, NotMade):
                return judged
            found = judged.found
        return NotMade(found)

    def judge(self, proposal: str, library: Sequence[MadeTool]) -> Made | Known | NotMade:
        """Try one proposal."""
        names = {each.name for each in library}
        use = _used(proposal)
        if use:
            return Known(use) if use in names else NotMade((f"there is no tool '{use}' in the library",))
        try:
            recipe = read_recipe(proposal)
        except BadTool as wrong:
            return NotMade((str(wrong),))
        if recipe.name in names:
            return NotMade((f"the name '{recipe.name}' is taken; use that tool, or take another name",))
        trial = self.trial(recipe)
        if trial.passed:
            return Made(recipe, trial)
        return NotMade(tuple(map(str, trial.findings)) or ("no example changed anything, so that nothing was tried",))

    def trial(self, recipe: Recipe) -> Trial:
        """Put the examples of a recipe through the probe, on a copy."""
        kept = tempfile.mkdtemp(prefix="trial-", dir=self._place)
        try:
            top, rehearsals = str(Path(kept, "top")), str(Path(kept, "rehearsals"))
            shutil.copytree(self._directory, top, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            Path(rehearsals).mkdir()
            with self._tree_at(top) as files:
                tool = RecipeTool(recipe, files, Sandbox(top, rehearsals))
                calls = [ToolCall(f"trial-{at}", recipe.name, canonical(e)) for at, e in enumerate(recipe.examples)]
                classed = [finding for call in calls for finding in _misclassed(tool, call, files)]
                only_reads = not recipe.writes
                found = try_out(tool, calls, _look(files))
                findings = (*classed, *found.findings, *_unable(tool, calls))
                return Trial(len(calls) if only_reads else found.calls, findings)
        finally:
            shutil.rmtree(kept, ignore_errors=True)


def known_for(wish: str, library: Sequence[MadeTool]) -> Known | None:
    """The tool that was made for this wish, if one was."""
    return next((Known(tool.name) for tool in library if wish_of(tool.request) == wish_of(wish)), None)


def wish_of(text: str) -> str:
    """A wish without what makes no difference to it."""
    return " ".join(text.casefold().split()).rstrip(".!")


def _used(proposal: str) -> str:
    try:
        said = json.loads(proposal)
    except ValueError:
        return ""
    return str(said["use"]) if isinstance(said, Mapping) and set(said) == {"use"} else ""


def _look(files: Files) -> Look:
    def look() -> Mapping[str, str]:
        found = {path: files.read(path) for path in files.paths("")}
        return {f"file:{path}": canonical(text_of(c)) for path, c in found.items() if isinstance(c, Content)}

    return look


def _unable(tool: RecipeTool, calls: Sequence[ToolCall]) -> list[Finding]:
    """Examples that cannot even be prepared: they strayed, or the sandbox had no way to run them."""
    findings = []
    for call in calls:
        try:
            if json.loads(tool.prepare(call))["answer"]["exit_code"] != 0:
                findings.append(Finding("failure", call, "the command ends with an error"))
        except ToolFailed as failed:
            findings.append(Finding("footprint", call, str(failed)))
    return findings


def _misclassed(tool: RecipeTool, call: ToolCall, files: Files) -> list[Finding]:
    """Whether the effect class holds: replayable is the same twice, blind is the same whatever stood there."""
    effect = tool.spec.effect
    if effect not in {Effect.REPLAYABLE, Effect.BLIND, Effect.COMMUTING}:
        return []
    try:
        first, second = tool.rehearse(call.arguments), tool.rehearse(call.arguments)
        if _did(first) != _did(second):
            return [Finding("class", call, f"it is not {effect}: the same call does not do the same twice")]
        if effect is Effect.BLIND and not _overwrites(tool, call, first, files):
            return [Finding("class", call, "it is not blind: what it leaves depends on what stood there")]
        if effect is Effect.COMMUTING and first.writes:
            return [Finding("class", call, "that it commutes cannot be tried; declare it replayable or opaque")]
    except ToolFailed:
        # Told by `_unable`, in the words of the refusal.
        return []
    return []


def _overwrites(tool: RecipeTool, call: ToolCall, first: Outcome, files: Files) -> bool:
    """Rehearse once more with something else in every file that it wrote."""
    standing = {path: files.read(path) for path in first.writes}
    strange = Content(b"something else\n")
    for path, content in standing.items():
        if not isinstance(content, Refused):
            files.replace(path, content, strange)
    try:
        return {**dict.fromkeys(first.writes, strange), **tool.rehearse(call.arguments).writes} == first.writes
    finally:
        for path, content in standing.items():
            if not isinstance(content, Refused):
                files.replace(path, strange, content)


def _did(outcome: Outcome) -> object:
    return outcome.exit_code, outcome.output, outcome.writes
