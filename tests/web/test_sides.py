from hashlib import sha256
from typing import Any, cast

from coroom.core import command as c
from coroom.core.agent import HOST
from coroom.core.file import FileKind
from coroom.core.resource import file
from coroom.testing.sample_room import SampleRoom
from coroom.web.history import History
from coroom.web.sides import file_page, held_page

PATH = "src/shop/cart.py"


async def lines_of(room: SampleRoom, path: str, seq: int | None = None) -> list[Any]:
    found = await file_page(room.host, History(room.host), path, room.host.state.seq if seq is None else seq)
    assert found is not None
    return cast("list[Any]", found["lines"])


async def test_each_line_has_the_author_who_brought_it_and_the_text_is_whole(sample: SampleRoom) -> None:
    before = await lines_of(sample, PATH)
    text = sample.texts[PATH].split("\n")
    await sample.write("ada", PATH, "\n".join(["# by ada", *text[:3], "# also ada", *text[3:]]))
    after = await lines_of(sample, PATH)
    assert after[0] == ["ada", "# by ada"]
    assert after[4] == ["ada", "# also ada"]
    assert [*after[1:4], *after[5:]] == before
    assert "\n".join(line for _, line in after) + "\n" == sample.texts[PATH]


async def test_lines_of_the_repository_have_no_agent_as_author(sample: SampleRoom) -> None:
    seeded = next(event.seq for event in sample.host.events(0) if event.body.kind == "files-seeded")
    assert {author for author, _ in await lines_of(sample, PATH, seeded)} == {""}


async def test_authors_follow_a_file_through_its_renaming(sample: SampleRoom) -> None:
    before = await lines_of(sample, PATH)
    head = sample.host.state.head(PATH)
    assert head
    moved = c.AcceptEdit(
        path="src/shop/basket.py",
        kind=FileKind.TEXT,
        blob=head.blob,
        written=head.blob,
        expected=0,
        touched=(file("src/shop/basket.py"),),
        renamed_from=PATH,
    )
    await sample.do("ada", moved)
    assert await lines_of(sample, "src/shop/basket.py") == before


async def test_a_file_that_is_no_text_or_gone_or_unknown_says_so(sample: SampleRoom) -> None:
    binary = b"\0\1\2"
    name = sha256(binary).hexdigest()
    await sample.host.submit(
        "ada",
        c.AcceptEdit(
            path="logo.bin", kind=FileKind.BINARY, blob=name, written=name, expected=0, touched=(file("logo.bin"),)
        ),
        blobs={name: binary},
    )
    past = History(sample.host)
    found = await file_page(sample.host, past, "logo.bin", sample.host.state.seq)
    assert found
    assert found["lines"] == []
    assert "no text" in str(found["note"])
    assert await file_page(sample.host, past, "nothing.py", sample.host.state.seq) is None


async def test_a_held_edit_shows_all_three_sides_whole(sample: SampleRoom) -> None:
    held = sample.host.state.open_held()[0]
    regions = cast("list[Any]", held_page(sample.host, held)["regions"])
    for side, blob in (("base", held.base), ("mine", held.mine), ("theirs", held.theirs)):
        shown = [line for region in regions for line in region[side]]
        assert ("\n".join(shown) + "\n").encode() == sample.host.blob(blob)
    assert "conflict" in {region["kind"] for region in regions}


async def test_a_held_edit_whose_side_is_no_text_says_so(sample: SampleRoom) -> None:
    binary = b"\0mine"
    name = sha256(binary).hexdigest()
    reply = await sample.host.submit(
        "ada",
        c.HoldEdit(path="logo.bin", base="", theirs="", mine=name, mine_kind=FileKind.BINARY, reason="both changed it"),
        blobs={name: binary},
    )
    assert isinstance(reply, c.Held)
    found = held_page(sample.host, sample.host.state.held[reply.held])
    assert found["regions"] == []
    assert HOST not in str(found["note"])
