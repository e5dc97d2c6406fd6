"""What was read once is kept by content; anything wrong with what is kept only costs the reading."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coroom.plan import kept
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.kept import inventories
from coroom.plan.shelf import Shelf
from coroom.syntax import inventory_of

TEXTS = {
    "a.py": b"from b import g\n\n\nclass C(g):\n    n: int = 1\n\n    def f(self, x, *, y=1):\n        self.z = g(x)\n",
    "b.py": b"def g(a):\n    return a\n",
    "c.unknown": b"?",
}


def test_an_inventory_is_the_same_fresh_and_kept_but_for_its_calls(tmp_path: Path) -> None:
    at = tmp_path / "deep" / "index.sqlite3"
    fresh, again = dict(inventories(TEXTS, at)), dict(inventories(TEXTS, at))
    assert fresh == again
    assert fresh.keys() == {"a.py", "b.py"}
    whole = inventory_of(TEXTS["a.py"], "a.py")
    assert whole is not None
    assert (fresh["a.py"].symbols, fresh["a.py"].uses, fresh["a.py"].imports) == (
        whole.symbols,
        whole.uses,
        whole.imports,
    )


def test_what_is_kept_is_not_read_again(tmp_path: Path) -> None:
    at, read = tmp_path / "index.sqlite3", list[int]()
    list(inventories(TEXTS, at, lambda done, _all: read.append(done)))
    assert read == [1, 2]
    list(inventories({**TEXTS, "b.py": b"def h(): pass\n"}, at, lambda done, _all: read.append(done)))
    assert read == [1, 2, 1]


def test_a_damaged_file_is_done_without(tmp_path: Path) -> None:
    at = tmp_path / "index.sqlite3"
    at.write_bytes(b"no database at all" * 100)
    assert len(dict(inventories(TEXTS, at))) == 2
    good = tmp_path / "good.sqlite3"
    list(inventories(TEXTS, good))
    with sqlite3.connect(good) as connection:
        connection.execute("UPDATE inventory SET text = '[1, 2'")
    connection.close()
    assert dict(inventories(TEXTS, good)) == dict(inventories(TEXTS))


def test_many_files_are_read_by_several_processes_and_come_out_the_same() -> None:
    texts = {f"m{n}.py": b"def f%d(): return g%d\n" % (n, n + 1) for n in range(kept.FEW + 20)}
    index = SymbolIndex()
    for path, found in inventories(texts):
        index.put_inventory(path, found)
    assert len(list(index.paths)) == len(texts)
    assert index.symbol(Place("m7.py", "f7")) is not None


def test_a_file_that_is_too_large_is_left_out() -> None:
    assert dict(inventories({"a.py": b"x = 1\n" * 200_000})) == {}


def _kept(at: Path, bytes_max: int, *, ask: str = "", **texts: str) -> set[str]:
    """What is left of all after a turn in which some was asked for and some put."""
    with closing(Shelf(at, "text", bytes_max)) as shelf:
        assert shelf.get(set(ask)).keys() == set(ask)
        shelf.put(texts)
    return _held(at)


def _held(at: Path) -> set[str]:
    """What is there, seen without asking for it."""
    with closing(sqlite3.connect(at)) as connection:
        return {key for (key,) in connection.execute("SELECT key FROM text")}


def test_beyond_its_bytes_a_shelf_lets_go_of_what_was_longest_not_asked_for(tmp_path: Path) -> None:
    at = tmp_path / "index.sqlite3"
    assert _kept(at, 100, a="x" * 40) == {"a"}
    assert _kept(at, 100, b="x" * 40) == {"a", "b"}
    assert _kept(at, 100, ask="a", c="ä" * 10) == {"a", "b", "c"}
    assert _kept(at, 100, d="ä" * 10) == {"a", "c", "d"}
    assert _kept(at, 100, ask="a", e="x" * 40) == {"a", "e", "d"}
    assert _kept(at, 100, f="x" * 101) == {"a", "e", "d"}


def test_what_is_only_ever_asked_for_outlives_what_others_put_and_nobody_asks_for(tmp_path: Path) -> None:
    at = tmp_path / "index.sqlite3"
    assert _kept(at, 100, a="x" * 40) == {"a"}
    assert _kept(at, 100, b="x" * 40) == {"a", "b"}
    assert _kept(at, 100, ask="a") == {"a", "b"}
    assert _kept(at, 100, c="x" * 40) == {"a", "c"}


def test_who_asks_for_the_same_again_writes_nothing(tmp_path: Path) -> None:
    at = tmp_path / "index.sqlite3"
    _kept(at, 100, a="x" * 40)
    _kept(at, 100, b="x" * 40)
    _kept(at, 100, ask="a")
    before = at.read_bytes()
    _kept(at, 100, ask="ab")
    assert at.read_bytes() == before


def test_a_shelf_of_before_is_bounded_too_and_its_file_gives_the_room_back(tmp_path: Path) -> None:
    at = tmp_path / "index.sqlite3"
    with closing(sqlite3.connect(at)) as connection, connection:
        connection.execute("CREATE TABLE text (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        connection.executemany("INSERT INTO text VALUES (?, ?)", [(str(n), "x" * 10_000) for n in range(100)])
    large = at.stat().st_size
    assert _kept(at, 20_000, a="x") == {"0", "a"}
    with closing(Shelf(at, "text", 20_000)) as shelf:
        assert len(shelf.get([str(n) for n in range(100)])) == 1
    assert at.stat().st_size < large / 5


def test_what_many_plans_of_changing_files_keep_stays_within_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, bound = tmp_path / "index.sqlite3", 20_000
    monkeypatch.setattr(kept, "KEPT_BYTES_MAX", bound)
    sizes = []
    for turn in range(60):
        texts = {**TEXTS, "c.py": b"def f%d():\n    return 1\n" % turn * 20}
        list(inventories(texts, at))
        sizes.append(at.stat().st_size)
    read = list[int]()
    list(inventories(texts, at, lambda done, _all: read.append(done)))
    assert read == []
    assert max(sizes[20:]) == max(sizes[40:]) < 6 * bound
