"""What is displaced by changing files is kept as long as somebody may still write to it, and no longer."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coroom.ports import Content
from coroom.workspace.beneath import Root
from coroom.workspace.keeper import KEEP_SECONDS
from coroom.workspace.stage import Stage
from coroom.workspace.tree import FileTree


class Tree:
    """A directory with one file that is written again and again, a second apart."""

    def __init__(self, place: Path) -> None:
        self.top, self.stage = place / "top", place / "stage"
        self.top.mkdir(exist_ok=True)
        self.now_s = 0.0
        self.root, self._open = Root(str(self.top)), Stage.at(str(self.stage))
        self.files = FileTree(self.root, self._open, lambda: self.now_s, durable=False)

    def write(self, times: int) -> None:
        for _ in range(times):
            self.now_s += 1.0
            standing = self.files.read("a")
            assert isinstance(standing, Content)
            assert self.files.replace("a", standing, Content(f"{time.monotonic_ns()}".encode())) is None

    def kept(self) -> list[str]:
        return sorted(each.name for each in self.stage.iterdir() if not each.name.endswith(".note"))

    def close(self) -> None:
        self._open.close()
        self.root.close()


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    (tmp_path / "top").mkdir()
    (tmp_path / "top/a").write_text("first")
    made = Tree(tmp_path)
    yield made
    made.close()


def test_a_thousand_changes_leave_no_more_behind_than_those_of_the_last_half_minute(tree: Tree) -> None:
    tree.write(1_000)
    assert len(tree.kept()) <= KEEP_SECONDS + 2


def test_what_an_earlier_process_left_is_dropped_too(tree: Tree, tmp_path: Path) -> None:
    tree.write(20)
    left = tree.kept()
    assert left
    again = Tree(tmp_path)
    again.write(int(KEEP_SECONDS) + 2)
    assert not {*left} & {*again.kept()}
    again.close()


def test_what_a_program_wrote_to_a_file_that_was_replaced_under_it_is_never_dropped(tree: Tree) -> None:
    with (tree.top / "a").open("a") as held:
        tree.write(1)
        held.write(" and more")
    tree.write(3 * int(KEEP_SECONDS))
    assert "first and more" in {(tree.stage / name).read_text() for name in tree.kept()}
    assert len(tree.kept()) <= KEEP_SECONDS + 3
