"""Plays every schedule of the specification. After a change that is meant: COROOM_REWRITE=1, then read the diff."""

import os
import re
from pathlib import Path

import pytest
from tests.schedules.language import SEPARATOR, rewritten, schedule_from

from coroom.simulate.schedule.play import Player, played
from coroom.simulate.schedule.serial import alone

FILES = sorted(Path(__file__).parent.glob("S*.txt"))


def lines_of(file: Path) -> list[str]:
    rest = file.read_text(encoding="utf-8").partition("\n\n")[2]
    return rest.split(f"\n{SEPARATOR}")[0].strip("\n").splitlines()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_policies_make_of_it_what_the_file_says(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    fresh = rewritten(file.stem, text)
    if os.environ.get("COROOM_REWRITE"):
        file.write_text(fresh, encoding="utf-8")
    else:
        assert fresh == text


@pytest.mark.promise("run:serializable")
@pytest.mark.parametrize("opaque", [False, True], ids=["put back", "all opaque"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_preorder_ends_as_the_specification_requires_and_tells_no_more_than_it_says(file: Path, opaque: bool) -> None:
    lines = lines_of(file)
    required = next(line for line in lines if line.startswith("must "))
    player = played(schedule_from(file.stem, lines, opaque=opaque), "preorder")
    due = {name: int(value) for name, value in re.findall(r"(\w+)=(-?\d+)", required)}
    assert {name: player.objects.values[name] for name in due} == due
    counts = re.search(r"told (\d+) / (\d+)", required)
    if counts:
        assert len(player.tally.notices) == int(counts[2 if opaque else 1])
    assert player.room.state.order.fences or player.sent_as_due()


def test_there_are_all_thirty_nine_and_without_coordination_most_of_them_end_wrong() -> None:
    assert len(FILES) == 39
    wrong = [file.stem for file in FILES if not _right(played(schedule_from(file.stem, lines_of(file)), "open"))]
    assert len(wrong) >= 20, wrong


def _right(player: Player) -> bool:
    return player.objects.values == alone(player.schedule.objects, player.in_rank_order()).objects
