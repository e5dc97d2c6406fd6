"""Whether an undo holds is found by trying, from many states, before a tool counts as undoable."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.tools.warm_notes import notes_server

from coroom.tools.journal import Journal
from coroom.tools.proxy import proxied, read_footprints
from coroom.tools.registry import BadTool, Declaration, Rehearsal, tool
from coroom.tools.trials import proven

HERE = Path(__file__).parent


class Shelf:
    """Books and how many there are of each; a tool for them whose undo can be wrong in one way."""

    def __init__(self, wrong: str = "") -> None:
        self.books = {"a": 1}

        @tool(writes="key:shelf/{book}", effect="blind")
        def put(book: str, copies: int) -> int:
            """Say how many there are."""
            self.books[book] = copies
            return copies

        @put.prepare
        def before(book: str) -> int | None:
            return self.books.get(book)

        @put.undo
        def undo(book: str, before: int | None) -> None:
            if wrong == "clears":
                self.books = {"a": 1}
            elif wrong == "forgets new ones" and before is None:
                return
            elif before is None:
                self.books.pop(book, None)
            else:
                self.books[book] = before

        self.put: Declaration[[str, int], int] = put

    def rehearse(self) -> Iterator[Rehearsal]:
        calls = [{"book": "a", "copies": 2}, {"book": "b", "copies": 5}]
        yield Rehearsal(calls, lambda: {f"key:shelf/{name}": str(count) for name, count in self.books.items()})


def test_a_tool_is_undoable_once_its_own_trial_has_shown_it_and_not_by_anybodys_word() -> None:
    shelf = Shelf()
    assert not proven(shelf.put)
    shelf.put.trial(shelf.rehearse)
    assert proven(shelf.put)
    assert shelf.books == {"a": 1}


@pytest.mark.parametrize("wrong", ["clears", "forgets new ones"])
def test_an_undo_that_only_brings_back_the_state_that_its_author_had_in_mind_does_not_pass(wrong: str) -> None:
    shelf = Shelf(wrong)
    shelf.put.trial(shelf.rehearse)
    with pytest.raises(BadTool, match=r"put did not pass its trial: undo: put .* does not bring back what was"):
        proven(shelf.put)


def test_a_trial_in_which_nothing_changes_shows_nothing() -> None:
    shelf = Shelf()
    shelf.put.trial(lambda: iter([Rehearsal([{"book": "a", "copies": 1}], dict)]))
    with pytest.raises(BadTool, match="no call of it changed anything"):
        proven(shelf.put)


def test_the_undo_of_a_proxied_tool_is_put_to_the_proof_on_a_server_that_may_be_thrown_away(tmp_path: Path) -> None:
    said = yaml.safe_load((HERE / "notes.yaml").read_text())
    # What is undone by deleting was there before.
    said["tools"]["set_note"] |= {"undo": said["tools"]["set_note"]["undo_new"]}
    (tmp_path / "scratch.json").write_text('{"1": "one"}')
    trial = {
        "command": notes_server(str(tmp_path / "scratch.json")),
        "everything": ["row:notes/notes/1"],
        "calls": [{"tool": "set_note", "arguments": {"number": 1, "text": "a"}}],
    }
    place = tmp_path / "footprints.yaml"
    place.write_text(yaml.safe_dump({**said, "command": notes_server(str(tmp_path / "real.json")), "trial": trial}))
    with pytest.raises(BadTool, match="set_note did not pass its trial"):
        proxied(read_footprints(str(place)), Journal())
    assert not (tmp_path / "real.json").exists()
