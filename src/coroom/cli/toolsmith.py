"""The model that makes tools for a room, as `coroom up` and `coroom run` name it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from coroom.cli.place import WrongCallError

if TYPE_CHECKING:
    from coroom.agents.toolsmith import ModelProposer

TOOLSMITH_SAID = "Make tools that agents ask for, with anthropic:MODEL or openai:MODEL."


def proposer_of(model: str, tools: Path | None) -> "ModelProposer | None":
    """The model that proposes tools; None when none is named. Raises WrongCallError where it could not."""
    if not model:
        return None
    if tools is None:
        raise WrongCallError("A ToolSmith makes tools for a directory. Name one as files or shell in --tools FILE.")
    from coroom.agents.builtin import unready  # noqa: PLC0415  slow to import, for rooms with a ToolSmith
    from coroom.agents.loop import model_of  # noqa: PLC0415
    from coroom.agents.toolsmith import ModelProposer  # noqa: PLC0415

    wrong = unready(model, "", os.environ)
    if wrong:
        raise WrongCallError(f"--toolsmith {model}: {wrong}")
    return ModelProposer(model_of(model))
