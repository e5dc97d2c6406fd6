"""The built-in agent as a room starts it: for people who have an API key and no agent's command line."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec

from coroom.agents.adapter import (
    MODEL_URL_VARIABLE,
    AgentOutput,
    Launch,
    Missing,
    ModelApi,
    Session,
    parse_line,
    room_env,
)
from coroom.agents.budget import BudgetError, parse_budget
from coroom.core.quick import dataclass

KEYS = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "openai": ("OPENAI_API_KEY",),
}
"""For each provider the variables of which one holds the key; each provider is also the name of its extra."""

_HOW = "Name one with --model anthropic:NAME or --model openai:NAME."


@dataclass(frozen=True, slots=True)
class Builtin:
    """Implements `AgentAdapter`. `budget` is written as `parse_budget` reads it."""

    budget: str = ""
    name: str = "builtin"

    def prepare(self, session: Session) -> Launch | Missing:
        """See the port."""
        provider = (session.model or "").partition(":")[0]
        if provider not in KEYS or find_spec(provider) is None:
            return Missing(f"The SDK for the model '{session.model or ''}'", _install(provider))
        argv = (sys.executable, "-P", "-m", "coroom.agents.loop", "--model", session.model or "")
        return Launch(
            argv=(*argv, "--budget", self.budget) if self.budget else argv,
            env={**_address(provider, session.api), **room_env(session)},
            cwd=session.mirror,
            stdin=session.prompt,
        )

    def read_output(self, line: str) -> AgentOutput | None:
        """See the port."""
        told = parse_line(line)
        if told is None:
            return None
        return AgentOutput(
            text=told.get("text"),
            error=told.get("error"),
            input_tokens=told.get("input_tokens"),
            output_tokens=told.get("output_tokens"),
            cost_usd=told.get("cost_usd"),
            limited=told.get("limited") is True,
            final=told.get("final") is True,
        )

    def message(self, text: str) -> None:
        """It is told through the tools that it calls, and when it wants to stop."""
        del text


def unready(model: str, budget: str, environ: Mapping[str, str]) -> str:
    """Why the built-in agent cannot work with that model here: what, why and what next. Empty when it can."""
    provider, _, name = model.partition(":")
    if provider not in KEYS or not name:
        return f"The built-in agent cannot use the model '{model}': it speaks to anthropic and openai. {_HOW}"
    if find_spec(provider) is None:
        return f"The built-in agent needs the package {provider}, which is not installed. {_install(provider)}"
    if not any(environ.get(variable) for variable in (*KEYS[provider], MODEL_URL_VARIABLE)):
        key = KEYS[provider][0]
        return f"The built-in agent has no key for {provider}: {key} is not set. Set it to your key and run this again."
    try:
        parse_budget(budget)
    except BudgetError as problem:
        return str(problem)
    return ""


def _install(provider: str) -> str:
    return f"Install it with: pip install 'coroom[{provider}]'" if provider in KEYS else _HOW


def _address(provider: str, api: ModelApi | None) -> dict[str, str]:
    if api is None:
        return {}
    base = api.base_url if provider == "anthropic" else f"{api.base_url}/v1"
    return {f"{provider.upper()}_BASE_URL": base, KEYS[provider][0]: api.key}
