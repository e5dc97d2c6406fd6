"""What was read once is kept by content; anything wrong with what is kept only costs the reading."""

import sqlite3
from pathlib import Path

from coroom.plan import kept
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.kept import inventories
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
