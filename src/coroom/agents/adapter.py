"""The port between a room and an agent's command line: what to start, and how to read what it prints."""

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

SERVER = "coroom"
"""The name under which every client knows the room's MCP server."""

TOKEN_VARIABLE = "COROOM_TOKEN"  # noqa: S105 - a name, not a secret
URL_VARIABLE = "COROOM_URL"
AGENT_VARIABLE = "COROOM_AGENT"
BARE_VARIABLE = "COROOM_BARE"
"""Set for an agent that works in a room without its tools."""

MODEL_URL_VARIABLE = "COROOM_MODEL_URL"
MODEL_KEY_VARIABLE = "COROOM_MODEL_KEY"

HOOK_LIMIT_S = 10
"""How long a client waits for a hook: longer than the hook's own limit, whose sentence the model reads."""

TOOL_LIMIT_S = 280
"""How long a client waits for one of the room's tools; the room answers within 240 s."""


@dataclass(frozen=True, slots=True)
class ModelApi:
    """Another provider than the client's own: `base_url` without a path, and the key it wants."""

    base_url: str
    key: str = field(repr=False)


def model_api(environ: Mapping[str, str]) -> ModelApi | None:
    """The provider that COROOM_MODEL_URL and COROOM_MODEL_KEY name for every client at once; None: its own.

    Raises:
        ValueError: the URL is none that a client can use.
    """
    url = environ.get(MODEL_URL_VARIABLE, "")
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{MODEL_URL_VARIABLE} is '{url}', which is no http:// or https:// address")
    # Each client's adapter adds the path of its own dialect; a local server may want no key, but every client does.
    return ModelApi(url.rstrip("/").removesuffix("/v1"), environ.get(MODEL_KEY_VARIABLE) or "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One agent to be started: who it is, where it works, how it reaches the room, what it is asked.

    `mirror` is its working directory and stays clean; what has to be written goes below `home`, which is
    the agent's own. `search_path` is where its binary is looked for, in the form of PATH. With `stay_open`
    standard input is kept open for messages to the model, where the client has that. `isolated` says that
    the room keeps it from the machine, so that a sandbox of the client's own inside would only be in the way.
    `room_url` is empty for one that works without a room. A `bare` one gets no tools of the room; its hooks only tell
    the room when its own tools run. One that is not `hooked` has the tools and no hooks: it does not work in a mirror
    of the room's. For one `elsewhere` programs are not looked for on this machine. `budget_usd` is what it may cost,
    for a client that keeps such a bound itself; None: no bound.
    """

    agent: str
    mirror: Path
    room_url: str
    token: str = field(repr=False)
    prompt: str
    home: Path
    model: str | None = None
    api: ModelApi | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    search_path: str | None = None
    stay_open: bool = False
    isolated: bool = False
    bare: bool = False
    hooked: bool = True
    elsewhere: bool = False
    budget_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start.

    `env` is added to the environment; `files` are to be written first, readable by the user alone. `stdin` is written
    to standard input, which is then closed, or, with `stay_open`, closed after the output whose `final` is true.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    files: Mapping[Path, str] = field(default_factory=dict, repr=False)
    stdin: str = ""
    stay_open: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A program that has to be there and is not: `what`, and how to `install` it, as a sentence."""

    what: str
    install: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOutput:
    """What one line of output tells.

    Tokens are those of this line alone, or None where it names none; `cached_tokens` are those of the input that came
    from the provider's cache. A cost is that of all tokens since the last one. `text` is what the model said, `error`
    what made the agent fail (not what it got over), `limited` that this was a bound that somebody had set it, `final`
    that the agent has ended its work.
    """

    text: str | None = None
    error: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    cost_usd: float | None = None
    limited: bool = False
    final: bool = False


class AgentAdapter(Protocol):
    """An agent's command line."""

    @property
    def name(self) -> str:
        """The word for it on our command line."""
        ...

    def prepare(self, session: Session) -> Launch | Missing:
        """How to start it; nothing is started or written yet."""
        ...

    def read_output(self, line: str) -> AgentOutput | None:
        """What a line of its standard output tells; None when nothing that concerns us."""
        ...

    def message(self, text: str) -> str | None:
        """What to write to standard input so that the running model reads `text`; None: it reads nothing."""
        ...


def find(binary: str, session: Session, install: str) -> Path | Missing:
    """The program on the session's search path; by its name alone where that is not this machine's."""
    if session.elsewhere:
        return Path(binary)
    found = shutil.which(binary, path=session.search_path)
    return Path(found) if found else Missing(binary, install)


def room_env(session: Session) -> dict[str, str]:
    """What every agent finds in its environment; the token is nowhere else."""
    return {
        URL_VARIABLE: session.room_url,
        TOKEN_VARIABLE: session.token,
        AGENT_VARIABLE: session.agent,
        **({BARE_VARIABLE: "1"} if session.bare else {}),
        **session.env,
    }


def not_without_a_room(session: Session, files: Mapping[Path, str]) -> Mapping[Path, str]:
    """The files that tell a client of its room; none for a session that works without one."""
    return files if session.room_url else {}


def has_room_tools(session: Session) -> bool:
    """Whether its client is told of the room's MCP server."""
    return bool(session.room_url) and not session.bare


def mcp_url(session: Session) -> str:
    """Where the room's MCP server is."""
    return f"{session.room_url}/mcp"


def packaged(name: str) -> Path:
    """The path of a file that ships beside this module."""
    return Path(__file__).with_name(name)


def hook_argv(client: str, moment: str, room_url: str) -> list[str]:
    """The command hook of `client` for `moment` (start, before, after or stop); COROOM_URL goes before `room_url`."""
    return [sys.executable, "-S", "-E", str(packaged("hook_client.py")), client, moment, room_url]


def parse_line(line: str) -> dict[str, Any] | None:
    """The JSON object on a line of output; None for anything else, such as a log line."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None
