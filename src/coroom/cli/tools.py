"""`coroom tools`: the tools that were made in a room, and what a recipe is worth."""

import json
import tempfile
from pathlib import Path

import click

from coroom.cli.history import kept_log
from coroom.cli.place import ROOM, WrongCallError
from coroom.core import event as e
from coroom.core.errors import unread
from coroom.host.calls.library import files_of
from coroom.host.door.clean import one_line
from coroom.host.host import read_events
from coroom.tools.smith import Made, NotMade, Smith


@click.command()
@click.option("--room", default=ROOM, show_default=True, help="The room's name.")
@click.option("--try", "recipe", type=click.Path(dir_okay=False), help="Put a recipe (JSON) through its trial here.")
@click.option("--json", "as_document", is_flag=True, help="Print one JSON document.")
def tools(room: str, recipe: str | None, as_document: bool) -> None:
    """Show the library of tools that were made in a room: who wanted what, and what became of it.

    With --try, put a recipe through the trial that every proposal goes through, on a copy of this directory; exit
    code 1 and the findings when it does not pass. docs/tools.md shows a recipe.
    """
    if recipe is not None:
        _try(recipe, as_document=as_document)
        return
    with kept_log(room) as log:
        made: dict[str, dict[str, object]] = {}
        for event in read_events(log, 0):
            match event.body:
                case e.ToolAdded() as body:
                    made[body.tool] = {
                        "name": body.tool,
                        "by": body.by,
                        "request": body.request,
                        "description": body.description,
                        "effect": body.effect.value,
                        "trial": body.trial,
                        "gated": False,
                        "definition": json.loads(body.definition),
                    }
                case e.FootprintStrayed(tool=tool, why=why) if tool in made:
                    made[tool] |= {"gated": True, "strayed": why}
                case _:
                    pass
    if as_document:
        click.echo(json.dumps({"tools": list(made.values())}))
        return
    for each in made.values():
        standing = "gated: it touched more than it declared" if each["gated"] else str(each["effect"])
        click.echo(f"{each['name']}  ({standing}, by {each['by']})  {one_line(str(each['description']), 100)}")
    if not made:
        click.echo("No tool was made in this room yet. Try one with: coroom tools --try RECIPE.json")


def _try(path: str, *, as_document: bool) -> None:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongCallError(f"{path} cannot be read: {unread(error)}. Name a file with a recipe in JSON.") from error
    with tempfile.TemporaryDirectory(prefix="coroom-trial-") as place:
        outcome = Smith(None, str(Path.cwd()), place, files_of).judge(text, ())
    found = outcome.found if isinstance(outcome, NotMade) else ()
    if as_document:
        click.echo(json.dumps({"passed": isinstance(outcome, Made), "findings": list(found)}))
    elif isinstance(outcome, Made):
        click.echo(f"{outcome.recipe.name} passed: {outcome.trial.calls} calls did what was declared and were undone.")
    for each in () if as_document else found:
        click.echo(one_line(each, 400))
    if found:
        raise SystemExit(1)
