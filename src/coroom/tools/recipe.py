"""Tools that are made while a room runs: a recipe is data, a command with typed arguments and a footprint.

A recipe never runs in this process and never outside the sandbox: it is rehearsed like every shell command, held to its
footprint, and undone by before-images. So a recipe that lies can be found out, and cannot do harm.
"""

import json
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coroom.core.action import Effect
from coroom.core.errors import Code, Refused
from coroom.core.resource import Footprint
from coroom.core.tool import ToolCall, ToolSpec, canonical
from coroom.ports import Files, ToolFailed
from coroom.tools.json_text import object_of
from coroom.tools.naming import fields_of, resources_of, word
from coroom.tools.probe import Told
from coroom.tools.registry import BadTool
from coroom.tools.sandbox import Outcome, Sandbox
from coroom.tools.shell import RehearsedTool, Strayed

REFUSED = "refused-"
"""Before the id of a call that was rehearsed and not made."""

_NAME = r"[a-z][a-z0-9_]{1,40}"


class Recipe(BaseModel):
    """What a recipe says. `command` is run with `sh`; the arguments are its variables, `$title` and so on."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=f"^{_NAME}$")
    description: str = Field(min_length=10, max_length=1_000)
    arguments: dict[str, dict[str, Any]] = {}
    optional: list[str] = []
    command: str = Field(min_length=1, max_length=8_000)
    reads: list[str] = []
    writes: list[str] = []
    effect: Effect = Effect.OPAQUE
    examples: list[dict[str, Any]] = Field(min_length=1, max_length=8)

    def definition(self) -> str:
        """The recipe as canonical JSON: all that it takes to make the tool again."""
        return canonical(self.model_dump(mode="json"))


def read_recipe(text: str) -> Recipe:
    """The recipe that a JSON text holds.

    Raises:
        BadTool: it holds none; the sentence says what is wrong.
    """
    try:
        recipe = Recipe.model_validate_json(text)
        Draft202012Validator.check_schema(_schema(recipe))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the recipe"
        raise BadTool(f"{where}: {problem['msg'].lower()}") from error
    except SchemaError as error:
        raise BadTool(f"arguments: {error.message[:200]}") from error
    strange = [name for name in recipe.arguments if not name.isidentifier() or not name.islower()]
    if strange:
        raise BadTool(f"arguments: '{strange[0]}' cannot be a variable; use lower-case letters and '_'")
    for template in (*recipe.reads, *recipe.writes):
        unknown = fields_of(template) - recipe.arguments.keys()
        if unknown:
            raise BadTool(f"'{template}' uses '{unknown.pop()}', which is no argument")
        if not template.startswith(("file:", "dir:")):
            raise BadTool(f"'{template}' is neither file: nor dir:, and a recipe acts on files only")
    return recipe


class RecipeTool(RehearsedTool):
    """A recipe at work."""

    def __init__(self, recipe: Recipe, files: Files, sandbox: Sandbox, told: Told | None = None) -> None:
        """Make it.

        Args:
            recipe: what it does.
            files: the directory that it acts on.
            sandbox: where it is rehearsed.
            told: told when a call would touch more than the recipe declares. Nothing was changed then, but the recipe
                is not what it says, whatever its trial had found.
        """
        super().__init__(files, sandbox)
        self.recipe, self._told = recipe, told
        self._validator = Draft202012Validator(_schema(recipe))
        self.spec = ToolSpec(
            name=recipe.name,
            description=recipe.description,
            effect=recipe.effect,
            schema=canonical(_schema(recipe)),
            undoable=True,
        )

    def footprint(self, arguments: str) -> Footprint | Refused:
        """See `ports.Tool.footprint`."""
        given = self._read(arguments)
        if isinstance(given, Refused):
            return given
        reads, writes = resources_of(self.recipe.reads, given), resources_of(self.recipe.writes, given)
        if isinstance(reads, Refused):
            return reads
        return writes if isinstance(writes, Refused) else Footprint(reads, writes)

    def prepare(self, call: ToolCall) -> str:
        """See `RehearsedTool.prepare`."""
        try:
            return super().prepare(call)
        except Strayed as strayed:
            if self._told:
                # The call has no place in the order yet, and gets none.
                self._told(replace(call, id=f"{REFUSED}{call.id}"), strayed.more, (str(strayed),))
            raise

    def rehearse(self, arguments: str) -> Outcome:
        """See `RehearsedTool.rehearse`."""
        given = self._read(arguments)
        if isinstance(given, Refused):
            raise ToolFailed(str(given))
        said = {name: value if isinstance(value, str) else _said(value) for name, value in given.items()}
        if any("\0" in value for value in said.values()):
            raise ToolFailed("An argument holds a NUL character, which no command can be given.")
        return self._sandbox.rehearse(self.recipe.command, said)

    def _read(self, arguments: str) -> dict[str, object] | Refused:
        try:
            given = object_of(arguments)
        except ValueError:
            return Refused(Code.BAD_INPUT, f"{self.spec.name} was called with no JSON object.", "See its schema.")
        problem = next(iter(self._validator.iter_errors(given)), None)
        if problem is not None:
            why = f"{self.spec.name} was called wrongly: {problem.message[:200]}."
            return Refused(Code.BAD_INPUT, why, "See its schema.")
        return dict.fromkeys(self.recipe.arguments, "") | given


def _schema(recipe: Recipe) -> dict[str, object]:
    needed = [name for name in recipe.arguments if name not in recipe.optional]
    return {"type": "object", "properties": recipe.arguments, "required": needed, "additionalProperties": False}


def _said(value: object) -> str:
    return json.dumps(value) if isinstance(value, (list, dict)) else word(value)
