"""Scripts in a YAML file, for `python -m coroom.testing FILE`: the fields of a turn by their own names.

scripts:
ann:
match: You are claude-1,
turns:
- calls: [{task: {do: next}}]
expect: one of several agents
- calls: [{"@write": {path: a.py, text: "one line"}}]
error: {status: 429, retry_after_s: 1}
- text: Done.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from coroom.testing.script import ApiError, Call, Script, Turn


class ScriptsError(Exception):
    """The file holds no scripts: where, and what is wrong there."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Error(_Entry):
    status: int = 500
    message: str = ""
    retry_after_s: float | None = None
    times: int = 1
    cut: bool = False


class _Turn(_Entry):
    text: str = ""
    calls: tuple[dict[str, dict[str, Any]], ...] = ()
    expect: str | None = None
    never: str | None = None
    system: str | None = None
    tools: tuple[str, ...] = ()
    capture: dict[str, str] = {}
    after: tuple[str, int] | None = None
    gate: str | None = None
    meet: str | None = None
    refuses: str | None = None
    error: _Error | None = None
    input_tokens: int = 100
    output_tokens: int = 10


class _Script(_Entry):
    turns: tuple[_Turn, ...]
    variables: dict[str, str] = {}
    match: str | None = None


class _File(_Entry):
    scripts: dict[str, _Script]


def read_scripts(path: Path) -> Mapping[str, Script]:
    """The scripts of a file by name.

    Raises:
        ScriptsError: it is missing, or not written so.
    """
    try:
        found = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        if not where:
            raise ScriptsError(f"{path} does not begin with 'scripts:'; docs/testing.md shows a file") from problem
        raise ScriptsError(f"{path}: {where}: {first['msg']}") from problem
    except OSError as problem:
        raise ScriptsError(f"{path} cannot be read: {problem.strerror}") from problem
    except (UnicodeDecodeError, yaml.YAMLError) as problem:
        raise ScriptsError(f"{path} cannot be read: {problem}") from problem
    return {name: _script(script) for name, script in found.scripts.items()}


def _script(found: _Script) -> Script:
    return Script(tuple(_turn(turn) for turn in found.turns), found.variables, found.match)


def _turn(found: _Turn) -> Turn:
    plain = {name: value for name, value in found if name not in {"calls", "error"}}
    return Turn(
        calls=tuple(Call(tool, arguments) for call in found.calls for tool, arguments in call.items()),
        error=ApiError(**dict(found.error)) if found.error else None,
        **plain,
    )
