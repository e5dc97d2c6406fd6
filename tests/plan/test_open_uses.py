"""What names leave open is asked about where it could tie two tasks together, and nowhere else."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plan.planned import task

from coroom.plan.footprint import Footprints
from coroom.plan.history import CoChange
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.open_uses import LINES_MAX, OpenUse, Spot, open_uses, spots
from coroom.syntax import Use

SHOP = {
    "shop/store.py": (
        "class Store:\n    def add(self, row):\n        return row\n\n    def total(self):\n        return 1\n\n\n"
        "class Cart:\n    def add(self, row):\n        return row\n"
    ),
    "shop/order.py": (
        "from shop.store import Store\n\n\ndef checkout(store, row):\n    store.add(row)\n    store.total()\n\n\n"
        "def made(row):\n    Store.add(None, row)\n\n\ndef entry(store, row):\n    checkout(store, row)\n"
    ),
    "tests/test_order.py": "def test_add(store):\n    store.add(1)\n",
}


def index(files: Mapping[str, str] = SHOP) -> SymbolIndex:
    found = SymbolIndex()
    for path, text in files.items():
        assert found.put(path, text.encode())
    return found


def asked(found: SymbolIndex, *touches: str, far: bool = False) -> set[str]:
    tasks = [task(f"t{number}", "work", each) for number, each in enumerate(touches)]
    footprints = Footprints(found, SHOP.keys(), CoChange()).of_all(tasks)
    return {f"{each.path}#{each.use.scope}: {each.use.name}" for each in open_uses(found, footprints, far=far)}


ADD, CHECKOUT, ENTRY = "symbol:shop/store.py#Store.add", "symbol:shop/order.py#checkout", "symbol:shop/order.py#entry"


def test_a_member_of_something_unknown_is_asked_about_when_another_task_changes_one_of_that_name() -> None:
    assert asked(index(), ADD, CHECKOUT) == {"shop/order.py#checkout: add"}


@pytest.mark.parametrize(
    "touches",
    [
        (CHECKOUT,),
        (CHECKOUT, ENTRY),
        (ADD, "symbol:shop/order.py#made"),
        (ADD, "file:tests/test_order.py"),
        (f"{ADD}x", CHECKOUT),
    ],
    ids=["alone", "nobody changes one of that name", "known by its names", "a test", "not there yet"],
)
def test_nothing_else_is(touches: tuple[str, ...]) -> None:
    assert asked(index(), *touches) == set()


def test_what_lies_between_two_tasks_is_asked_about_as_far() -> None:
    assert asked(index(), ADD, ENTRY) == set()
    assert asked(index(), ADD, ENTRY, far=True) == {"shop/order.py#checkout: add"}


def test_what_was_told_is_used_and_open_no_longer_until_a_file_changes() -> None:
    found, user = index(), Place("shop/order.py", "checkout")
    (use,) = (each for each in found.open_uses(user) if each.name == "total")
    assert {str(each) for each in found.uses_of(user)} == {"shop/store.py#Store.total"}
    found.tell("shop/order.py", use, (), "ty")
    assert found.uses_of(user) == frozenset()
    assert "total" not in {each.name for each in found.open_uses(user)}
    found.tell("shop/order.py", use, None, "ty")
    assert {str(each) for each in found.uses_of(user)} == {"shop/store.py#Store.total"}
    other = Place("shop/store.py", "Cart.add")
    found.tell("shop/order.py", use, [other], "ty")
    assert found.uses_of(user) == {other}
    assert (found.told_by(user, other), found.told_by(user, user)) == ("ty", "")
    found.put("shop/store.py", SHOP["shop/store.py"].encode())
    assert {str(each) for each in found.uses_of(user)} == {"shop/store.py#Store.total"}
    assert found.told_by(user, other) == ""


def test_a_parameter_hides_what_the_file_imports_under_its_name() -> None:
    files = {
        "store.py": "def add(row):\n    return row\n",
        "order.py": "import store\n\n\ndef f(store):\n    store.add(1)\n",
    }
    found = index(files)
    assert found.uses_of(Place("order.py", "f")) == frozenset()
    assert [use.name for use in found.open_uses(Place("order.py", "f"))] == ["add"]


@pytest.mark.parametrize(
    ("line", "name", "place"),
    [
        (2, "add", "a.py#Store.add"),
        (2, "other", "a.py#Store.add"),
        (5, "step", "a.py#Store.step"),
        (8, "step", "a.py#Store.step"),
        (10, "count", "a.py#Store.count"),
        (10, "add", None),
        (12, "name", None),
        (0, "a", "a.py"),
        (14, "lost", None),
    ],
)
def test_a_line_that_a_server_names_is_a_definition_of_the_index_or_none(
    line: int, name: str, place: str | None
) -> None:
    text = (
        "class Store:\n    def add(self):\n        self.count = 1\n    @overload\n    def step(self, a: int): ...\n"
        "\n    @overload\n    def step(self, a: str): ...\n    def reset(self):\n        self.count = 0\n"
        "def other(name):\n    return name\n\n"
    )
    found = index({"a.py": text}).place_at("a.py", line, name)
    assert (str(found) if found else None) == place


def test_a_place_in_no_file_of_the_index_is_none() -> None:
    assert index().place_at("gone.py", 1, "add") is None


@pytest.mark.parametrize(
    ("text", "holder", "name", "column"),
    [
        ("    add(cart.add(1))", "cart", "add", 13),
        ("    store.add(cart.add(1))", "cart", "add", 19),
        ("    self.store.add(1)", "self.store", "add", 15),
        ("    made().add(1)", "?", "add", 11),
        ("    add(1, x.add)", "", "add", 4),
        ("    x.add(add)", "", "add", 10),
        ("  address.add(add_all)", "address", "add", 10),
        ("    .add(1)", "cart", "add", 5),
        ("    a?.add(1)", "a", "add", 7),
        ("    Store::add(1)", "Store", "add", 11),
        ("    'é😀', cart.add(1)", "cart", "add", 16),
    ],
)
def test_a_use_is_found_on_its_line_in_units_of_utf_16(text: str, holder: str, name: str, column: int) -> None:
    assert list(spots(["", text], Use("f", holder, name, (2,)))) == [Spot(1, column)]


def test_a_use_on_many_lines_is_looked_for_on_the_first_ones() -> None:
    lines = ["x.add()"] * 9
    found = list(spots(lines, Use("f", "x", "add", tuple(range(1, 10)))))
    assert [each.line for each in found] == list(range(LINES_MAX))


@given(
    st.lists(st.text(max_size=20), max_size=4),
    st.text(max_size=6),
    st.text(min_size=1, max_size=6),
    st.lists(st.integers(-2, 9)),
)
def test_a_use_is_looked_for_in_whatever_text(lines: list[str], holder: str, name: str, numbers: list[int]) -> None:
    for spot in spots(lines, Use("", holder, name, tuple(numbers))):
        rest = lines[spot.line].encode("utf-16-le")[2 * spot.column :].decode("utf-16-le")
        assert rest.startswith(name)


def test_an_open_use_names_its_file() -> None:
    (only,) = open_uses(
        index(), Footprints(index(), SHOP.keys(), CoChange()).of_all([task("a", "w", ADD), task("b", "w", CHECKOUT)])
    )
    assert only == OpenUse("shop/order.py", Use("checkout", "store", "add", (5,)))
