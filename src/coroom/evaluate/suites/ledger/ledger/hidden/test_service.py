from datetime import date

from books import DAY, refused
from ledger.audit import verify
from ledger.service import Service


def service() -> Service:
    found = Service()
    for name, role in {"ann": "accountant", "cle": "clerk", "vi": "viewer"}.items():
        found.people.add(name, role)
    for number, kind in {"1000": "asset", "1200": "asset", "4000": "income"}.items():
        found.open_account("cle", number, kind, kind)
    found.post("cle", "k0", DAY, "sale", [("1000", 100), ("4000", -100)])
    return found


def trail(found: Service) -> list[tuple[str, str, str]]:
    return [(who, what, about) for _, who, what, about, _ in found.trail.records()]


def test_what_was_done_is_in_the_trail_once() -> None:
    found = service()
    assert trail(found) == [("cle", "open", "1000"), ("cle", "open", "1200"), ("cle", "open", "4000"), ("cle", "post", "1")]
    assert found.post("cle", "k0", DAY, "sale", [("1000", 100), ("4000", -100)]) == 1
    assert len(trail(found)) == 4
    assert verify(found.trail.records()) == 0
    with refused("duplicate"):
        found.post("cle", "k0", DAY, "sale", [("1000", 101), ("4000", -101)])
    assert found.balance("vi", "1000") == 100


def test_what_is_refused_is_nowhere() -> None:
    found = service()
    for code, act in (
        ("forbidden", lambda: found.post("vi", "k1", DAY, "x", [("1000", 1), ("4000", -1)])),
        ("unbalanced", lambda: found.post("cle", "k1", DAY, "x", [("1000", 1), ("4000", -2)])),
        ("forbidden", lambda: found.close_month("cle", 2026, 3)),
        ("forbidden", lambda: found.reverse("cle", "ann", 1, DAY)),
        ("forbidden", lambda: found.reverse("ann", "ann", 1, DAY)),
        ("unknown", lambda: found.balance("nobody", "1000")),
        ("bad-input", lambda: found.transfer("cle", "k1", DAY, "1000", "1200", 0)),
    ):
        with refused(code):
            act()
    assert len(trail(found)) == 4
    assert len(found.journal.entries()) == 1


def test_no_asset_goes_below_zero_by_a_transfer() -> None:
    found = service()
    with refused("insufficient"):
        found.transfer("cle", "k1", DAY, "1000", "1200", 101)
    assert found.transfer("cle", "k1", DAY, "1000", "1200", 100) == 2
    assert found.transfer("cle", "k1", DAY, "1000", "1200", 100) == 2
    assert (found.balance("vi", "1000"), found.balance("vi", "1200")) == (0, 100)
    with refused("insufficient"):
        found.transfer("cle", "k2", DAY, "1000", "1200", 1)


def test_a_closed_month_takes_neither_entries_nor_reversals() -> None:
    found = service()
    found.close_month("ann", 2026, 3)
    assert trail(found)[-1] == ("ann", "close", "2026-03")
    for act in (
        lambda: found.post("cle", "k1", DAY, "x", [("1000", 1), ("4000", -1)]),
        lambda: found.reverse("ann", "cle", 1, DAY),
        lambda: found.transfer("cle", "k2", DAY, "1000", "1200", 1),
    ):
        with refused("closed"):
            act()
    assert found.reverse("ann", "cle", 1, date(2026, 4, 1)) == 2
    assert trail(found)[-1] == ("ann", "reverse", "2")
    assert found.balance("vi", "1000") == 0
    assert found.post("cle", "k1", date(2026, 4, 2), "x", [("1000", 1), ("4000", -1)]) == 3
