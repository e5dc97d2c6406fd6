"""A scripted agent: plays a tape, the tool calls of a session with their timing, through the door a model uses."""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coroom.agents.room_client import News, RoomClient, Told, news_in
from coroom.processes.groups import kill_group

ROOM_TOOLS = frozenset({"sync", "claim", "release", "say", "task", "land", "answer", "read", "edit"})
NATIVE = {
    "native_read": "read",
    "native_write": "write",
    "native_edit": "edit",
    "native_delete": "delete",
    "shell": "shell",
}
SHELL_WITHIN_S = 120.0
WITHIN_MS = 15_000

BLOBS = "blobs"
"""Beside a tape: what its steps carry that is large, or no text, each in a file named by its SHA-256."""


class TapeError(Exception):
    """The tape cannot be played as it is written: names the file, the line and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a tape; the fields are described in `coroom.host.door.tapes`."""

    number: int
    tool: str
    args: Mapping[str, Any]
    at_ms: int = 0
    after: tuple[str, str] | None = None
    when: tuple[str, str] | None = None
    within_ms: int = WITHIN_MS
    label: str = ""
    say_why: str = ""
    held: str = ""
    blobs: Path | None = None


def read_tape(path: Path) -> list[Step]:
    """The steps of a tape file.

    Raises:
        TapeError: a line is not a step.
    """
    steps = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            steps.append(_step(number, json.loads(line), path.parent / BLOBS))
        except (ValueError, KeyError, TypeError) as problem:
            message = f"{path}:{number} is no step of a tape: {problem}; each line is a JSON object with tool and args"
            raise TapeError(message) from problem
    return steps


def _step(number: int, found: Mapping[str, Any], blobs: Path) -> Step:
    tool = found["tool"]
    if tool not in ROOM_TOOLS | NATIVE.keys() | {"native_open"}:
        message = f"unknown tool {tool!r}"
        raise ValueError(message)
    after, when = found.get("after"), found.get("when")
    return Step(
        number=number,
        tool=tool,
        args=found.get("args", {}),
        at_ms=int(found.get("at_ms", 0)),
        after=(after["agent"], after["step"]) if after else None,
        when=(when["notice"], when.get("path", "")) if when else None,
        within_ms=int(found.get("within_ms", WITHIN_MS)),
        label=found.get("label", ""),
        say_why=found.get("say_why", ""),
        held=str(found.get("held", "")),
        blobs=blobs,
    )


def whole(step: Step) -> Step:
    """The step with what stands beside its tape in its arguments: texts, and `data` as bytes.

    Raises:
        TapeError: a blob is missing, or is not what its name says.
    """
    args = dict(step.args)
    for name, value in step.args.items():
        if isinstance(value, Mapping) and isinstance(value.get("blob"), str):
            data = _blob(step, value["blob"])
            args[name] = data if name == "data" else data.decode("utf-8", "surrogatepass")
    return replace(step, args=args)


def _blob(step: Step, name: str) -> bytes:
    try:
        data = (step.blobs or Path(BLOBS)).joinpath(Path(name).name).read_bytes()
    except OSError as problem:
        message = f"step {step.number} of the tape: {name} is not in {step.blobs}; copy it along with the tape"
        raise TapeError(message) from problem
    if hashlib.sha256(data).hexdigest() != name:
        message = f"step {step.number} of the tape: {name} in {step.blobs} is damaged"
        raise TapeError(message)
    return data


class Marks:
    """The labelled steps that have been played, by all tapes of one performance; others wait for them."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], asyncio.Event] = {}
        self._playing: set[str] = set()

    def enter(self, agent: str) -> None:
        """This agent's tape will be played."""
        self._playing.add(agent)

    def reach(self, agent: str, step: str) -> None:
        """The step has been played."""
        self._event(agent, step).set()

    def leave(self, agent: str) -> None:
        """The agent's tape is over, played to its end or not: nobody waits for it any more."""
        self._playing.discard(agent)
        for (player, _), event in self._events.items():
            if player == agent:
                event.set()

    async def wait(self, agent: str, step: str) -> None:
        """Wait for a step of another tape; not at all for a tape that is not being played."""
        if agent in self._playing:
            await self._event(agent, step).wait()

    def _event(self, agent: str, step: str) -> asyncio.Event:
        return self._events.setdefault((agent, step), asyncio.Event())


@dataclass(slots=True)
class Played:
    """How a tape went: steps played, left out (their notice never came), refused by the room, failed on the disk."""

    steps: int = 0
    left_out: int = 0
    refused: int = 0
    failed: int = 0
    news: list[News] = field(default_factory=list)


class ScriptedAgent:
    """Plays one tape in one directory."""

    def __init__(
        self,
        name: str,
        directory: Path,
        client: RoomClient,
        *,
        marks: Marks,
        show: Callable[[str], None] = lambda _text: None,
        environment: Mapping[str, str] | None = None,
        speed: float = 1.0,
        ended: Callable[[int], None] = lambda _number: None,
    ) -> None:
        self._name = name
        self._directory = directory
        self._client = client
        self._marks = marks
        self._show = show
        self._environment = dict(environment if environment is not None else os.environ)
        self._speed = speed
        self._ended = ended
        self._opened = False
        self.played = Played()

    async def play(self, steps: Iterable[Step]) -> Played:
        """Play all steps. A refusal or a failing command is part of the story and ends nothing.

        Raises:
            Fault, OSError: the room is gone.
        """
        listed = list(steps)
        for place, step in enumerate(listed):
            if step.after:
                await self._marks.wait(*step.after)
            if step.when and not await self._came(*step.when, step.within_ms):
                self.played.left_out += 1
            else:
                await asyncio.sleep(step.at_ms / 1000 / self._speed)
                if step.say_why:
                    self._show(step.say_why)
                following = listed[place + 1] if place + 1 < len(listed) else None
                await self._play(step, following)
                self.played.steps += 1
            if step.label:
                self._marks.reach(self._name, step.label)
            self._ended(place + 1)
        await self._client.stopping()
        return self.played

    async def _came(self, kind: str, path: str, within_ms: int) -> bool:
        deadline = time.monotonic() + within_ms / 1000
        while not any(news.kind == kind and (not path or news.concerns(path)) for news in self.played.news):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._heard(await self._client.call("sync", {"wait_s": min(left, 30)}))
        return True

    def _heard(self, told: Told) -> None:
        self.played.news += told.news
        self.played.refused += told.refused

    async def _play(self, step: Step, following: Step | None) -> None:
        step = whole(step)
        if step.tool in ROOM_TOOLS:
            self._heard(await self._client.call(step.tool, self._here(step)))
        elif step.tool == "native_open":
            assert following is not None, "native_open begins the tool call of the next step"
            self._opened = await self._may(following)
        else:
            await self._native(step)

    def _here(self, step: Step) -> Mapping[str, Any]:
        """The arguments, with the held edit of this room in place of the one that was recorded."""
        told = [
            one.about for one in self.played.news if one.kind == "conflict" and step.held and one.concerns(step.held)
        ]
        return {**step.args, "about": told[-1]} if told else step.args

    async def _may(self, step: Step) -> bool:
        why = await self._client.before(NATIVE[step.tool], self._given(step), str(self._directory))
        if why:
            self.played.refused += 1
        return why is None

    def _given(self, step: Step) -> dict[str, Any]:
        path = step.args.get("path")
        return {"file_path": path} if path else {"command": step.args.get("command", "")}

    async def _native(self, step: Step) -> None:
        opened, self._opened = self._opened, False
        if not opened and not await self._may(step):
            return
        try:
            ok = await self._shell(step.args["command"]) if step.tool == "shell" else self._on_disk(step)
        except (OSError, UnicodeDecodeError):
            ok = False
        self.played.failed += not ok
        news = await self._client.after(NATIVE[step.tool], self._given(step), str(self._directory))
        self.played.news += news_in(news)

    def _on_disk(self, step: Step) -> bool:
        path = self._directory / step.args["path"]
        match step.tool:
            case "native_read":
                path.read_bytes()
            case "native_write":
                path.parent.mkdir(parents=True, exist_ok=True)
                text = step.args.get("text", "")
                path.write_bytes(step.args.get("data") or text.encode())
            case "native_edit":
                with path.open(encoding="utf-8", newline="") as file:
                    text = file.read()
                if text.count(step.args["old"]) != 1:
                    return False
                path.write_text(text.replace(step.args["old"], step.args["new"]), encoding="utf-8", newline="")
            case "native_delete":
                path.unlink()
        return True

    async def _shell(self, command: str) -> bool:
        process = await asyncio.create_subprocess_shell(
            command,
            cwd=self._directory,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(SHELL_WITHIN_S):
                return await process.wait() == 0
        except TimeoutError:
            return False
        finally:
            if process.returncode is None:
                kill_group(process.pid)
                await process.wait()
