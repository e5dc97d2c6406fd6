"""The agents of a run, from the words that a person says for them."""

import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from coroom.agents import claude_code, codex, gemini, opencode
from coroom.agents.adapter import AgentAdapter, ModelApi, model_api
from coroom.agents.builtin import Builtin, unready
from coroom.agents.claude_code import ClaudeCode
from coroom.agents.codex import Codex
from coroom.agents.command_line import CommandLine
from coroom.agents.gemini import Gemini
from coroom.agents.opencode import OpenCode
from coroom.agents.scripted import Marks, Step, TapeError, read_tape
from coroom.cli.kinds import BUILTIN, COMMAND, KINDS, TAPE
from coroom.cli.place import WrongCallError
from coroom.core.errors import unread
from coroom.launch.choose import launcher
from coroom.launch.isolation import Isolation, Unavailable
from coroom.run.isolating import Isolating, provider_for
from coroom.run.worker import Worker
from coroom.run.workers import ProcessWorker, TapeWorker

ADAPTERS: dict[str, type[AgentAdapter]] = {
    "claude": ClaudeCode,
    "codex": Codex,
    "opencode": OpenCode,
    "gemini": Gemini,
}

_INSTALL = {
    "claude": claude_code.INSTALL,
    "codex": codex.INSTALL,
    "opencode": opencode.INSTALL,
    "gemini": gemini.INSTALL,
}


def crew(
    kinds: Sequence[str],
    agents: int,
    model: str,
    homes: Path,
    *,
    budget: str = "",
    speed: float = 1.0,
    isolation: str = "",
) -> list[Worker]:
    """The workers: the kinds in turn, `agents` of them, and every tape exactly once.

    Args:
        kinds: as `KINDS` says.
        agents: how many; fewer than there are tapes counts as that many.
        model: what the agents shall use; empty leaves it to them.
        homes: below it each agent's configuration and logs are kept.
        budget: of each session of a built-in agent.
        speed: at which tapes are played.
        isolation: what agents' processes are started in; empty: bubblewrap where it works and the model can be reached.

    Raises:
        WrongCallError: a kind is unknown, or cannot be started here.
    """
    marks, workers = Marks(), list[Worker]()
    api = _model_api()
    others = [kind for kind in kinds if not kind.startswith(TAPE)]
    tapes = [kind for kind in kinds if kind.startswith(TAPE)]
    if tapes and isolation not in {"", Isolation.PLAIN}:
        raise WrongCallError("A tape is played by the run itself, which is not isolated. Leave --isolation out.")
    for kind in tapes:
        path = Path(kind.removeprefix(TAPE))
        name = path.stem.removeprefix("tape_")
        steps = _tape(path)
        home = homes / name
        workers.append(
            TapeWorker(name=name, steps=steps, marks=marks, environment=dict(os.environ), speed=speed, home=home)
        )
    for number in range(max(0, agents - len(tapes)) if others else 0):
        kind = others[number % len(others)]
        name = f"{kind.partition(':')[0]}-{number + 1}"
        adapter = adapter_for(kind, model, budget)
        isolating = readable_for(isolated_for(kind, adapter, api, isolation), adapter)
        home = homes / name
        workers.append(
            ProcessWorker(name=name, adapter=adapter, home=home, model=model or None, api=api, isolating=isolating)
        )
    twice = {worker.name for worker in workers if sum(one.name == worker.name for one in workers) > 1}
    if twice:
        raise WrongCallError(f"Two agents would be called '{twice.pop()}'. Give the tapes different file names.")
    return workers


def isolated(client: str, api: ModelApi | None, asked: str) -> Isolating:
    """How an agent of this kind is started: as asked, or not at all; where nobody asked, as well as it can be.

    Raises:
        WrongCallError: what was asked for cannot be had here.
    """
    found = launcher(asked)
    if isinstance(found, Unavailable):
        raise WrongCallError(str(found))
    if found.isolation is Isolation.PLAIN:
        return Isolating(launcher=found)
    provider = provider_for(client, api, os.environ)
    if isinstance(provider, str):
        if asked:
            raise WrongCallError(provider)
        plain = launcher(Isolation.PLAIN)
        assert not isinstance(plain, Unavailable)
        return Isolating(launcher=plain)
    return Isolating(launcher=found, provider=provider)


def isolated_for(kind: str, adapter: AgentAdapter, api: ModelApi | None, asked: str) -> Isolating:
    """The same, with the agent's command line there. Raises WrongCallError also when it is missing or has no key."""
    found = isolated(adapter.name, api, asked)
    if kind in ADAPTERS and not found.elsewhere and shutil.which(kind) is None:
        raise WrongCallError(f"{kind} is not installed here. {_INSTALL[kind]}")
    # Isolated it reaches its model by a proxy, which has the key.
    if kind == "codex" and not found.isolated and (problem := codex.unready(os.environ)):
        raise WrongCallError(problem)
    return found


def readable_for(isolating: Isolating, adapter: AgentAdapter, *more: Path) -> Isolating:
    """The same, with what a command of the user's own names by full path to be read, and `more`."""
    words = adapter.argv if isinstance(adapter, CommandLine) else ()
    named = [Path(word) for word in words if word.startswith("/") and os.path.exists(word)]
    return replace(isolating, readable=(*isolating.readable, *more, *named))


def isolation_of(workers: Sequence[Worker]) -> dict[str, list[str]]:
    """What is in force for each agent that is a process of its own, as sentences."""
    return {one.name: list(one.isolating.launcher.in_force) for one in workers if isinstance(one, ProcessWorker)}


def isolation_lines(workers: Sequence[Worker]) -> list[str]:
    """The same for people: once for all agents that have the same."""
    by_kind: dict[str, list[str]] = {}
    said: dict[str, tuple[str, ...]] = {}
    for one in workers:
        if isinstance(one, ProcessWorker):
            launched = one.isolating.launcher
            by_kind.setdefault(launched.isolation.value, []).append(one.name)
            said[launched.isolation.value] = launched.in_force
    return [f"{', '.join(names)}: {kind}. {' '.join(said[kind])}" for kind, names in by_kind.items()]


def _model_api() -> ModelApi | None:
    try:
        return model_api(os.environ)
    except ValueError as problem:
        raise WrongCallError(f"{problem}. Set it to the address of a model provider, without a path.") from problem


def adapter_for(kind: str, model: str, budget: str) -> AgentAdapter:
    """How an agent of this kind is started. Raises WrongCallError when it is unknown, or lacks what it must be told."""
    if kind.startswith(COMMAND):
        return _command(kind.removeprefix(COMMAND))
    if kind == BUILTIN:
        problem = unready(model, budget, os.environ)
        if problem:
            raise WrongCallError(problem)
        return Builtin(budget)
    if kind not in ADAPTERS:
        raise WrongCallError(f"'{kind}' is no kind of agent. It is one of {KINDS}.")
    return ADAPTERS[kind]()


def _command(text: str) -> CommandLine:
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise WrongCallError(f"'{text}' is no command line: {problem}. Check its quotes.") from problem
    if not words:
        raise WrongCallError("command: names no program. Write it as command:'PROGRAM … {prompt}'.")
    return CommandLine(tuple(words))


def _tape(path: Path) -> list[Step]:
    if not path.is_file():
        raise WrongCallError(f"{path} is no tape: there is no such file.")
    try:
        return read_tape(path)
    except UnicodeDecodeError as problem:
        raise WrongCallError(f"{path} is no tape: {unread(problem)}.") from problem
    except TapeError as problem:
        raise WrongCallError(f"{problem}.") from problem
