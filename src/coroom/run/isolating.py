"""Agents of a run in an isolation: which, through which doors, and what is said about it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from coroom.agents.adapter import Launch, ModelApi
from coroom.git.workplace import own_objects
from coroom.launch.doors import MODEL_PORT, ROOM_PORT, door_to, socket_place
from coroom.launch.isolation import KEPT, AgentProcess, Isolation, Launcher, Wrapped
from coroom.launch.model_proxy import PLACEHOLDER, Provider, model_door
from coroom.launch.plain import Plain

PROVIDERS = {
    "claude": ("https://api.anthropic.com", ("ANTHROPIC_API_KEY",)),
    "codex": ("https://api.openai.com", ("OPENAI_API_KEY", "CODEX_API_KEY")),
    "gemini": ("https://generativelanguage.googleapis.com", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
}
"""Where each client finds its model by itself, and the variables that hold the key."""

MODEL_VARIABLES = {
    "claude": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
    "codex": ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    "gemini": ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
}
"""How each client is told of another address for its model."""

MODEL_LESS = frozenset({"command", "script"})
"""Programs that may need no model; they get a door to one only where the user has named a provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolating:
    """How the processes of one agent are started. `provider` is the model behind its door."""

    launcher: Launcher = field(default_factory=Plain)
    provider: Provider | None = None
    readable: tuple[Path, ...] = ()

    @property
    def isolated(self) -> bool:
        """Whether anything stands between the agent and the machine."""
        return self.launcher.isolation is not Isolation.PLAIN

    @property
    def elsewhere(self) -> bool:
        """Whether the agent's programs are not those of this machine."""
        return self.launcher.has_own_programs

    def room_url(self, url: str) -> str:
        """The room's address as the agent has it."""
        if not self.isolated or not url:
            return url
        parts = urlsplit(url)
        inside = "" if parts.scheme == "unix" else parts.path
        return f"http://127.0.0.1:{ROOM_PORT}{inside}"

    def api(self, api: ModelApi | None) -> ModelApi | None:
        """The model's provider as the agent has it: without the key."""
        if not self.isolated or self.provider is None:
            return api
        return ModelApi(f"http://127.0.0.1:{MODEL_PORT}", PLACEHOLDER)

    @asynccontextmanager
    async def process(
        self, launch: Launch, agent: str, home: Path, room_url: str, environment: Mapping[str, str]
    ) -> AsyncIterator[Wrapped]:
        """What to start for `launch`; its doors are open until the block ends, and then nothing of it is left."""
        async with AsyncExitStack() as stack:
            doors: dict[int, Path] = {}
            if self.isolated:
                environment = {name: environment[name] for name in KEPT if name in environment} | dict(launch.env)
                await asyncio.to_thread(own_objects, launch.cwd)
                place = await stack.enter_async_context(socket_place(agent))
                if room_url:
                    doors[ROOM_PORT] = await stack.enter_async_context(door_to(room_url, place / "room"))
                if self.provider:
                    doors[MODEL_PORT] = await stack.enter_async_context(model_door(self.provider, place / "model"))
            wrapped = self.launcher.wrap(
                AgentProcess(
                    agent=agent,
                    argv=launch.argv,
                    env=environment,
                    workspace=launch.cwd,
                    home=home,
                    readable=self.readable,
                    doors=doors,
                )
            )
            stack.callback(wrapped.close)
            yield wrapped


def provider_for(client: str, api: ModelApi | None, environ: Mapping[str, str]) -> Provider | str | None:
    """The model that an isolated agent of this kind is led to; a sentence when there is none that it needs."""
    if api:
        return Provider(api.base_url, api.key)
    if client in MODEL_LESS:
        return None
    url, variables = PROVIDERS.get(client, ("", ()))
    key = next((environ[name] for name in variables if environ.get(name)), "")
    if key:
        return Provider(url, key)
    named = f"Set {variables[0]}" if variables else "Set COROOM_MODEL_URL and COROOM_MODEL_KEY"
    return (
        f"An isolated {client} reaches its model through a proxy that holds the key, and there is none. "
        f"{named}, or take --isolation plain."
    )
