"""The holdings that a state carries are those that a look at every claim gives."""

from hypothesis import given
from hypothesis import strategies as st
from tests.core.rooms import Room

from coroom.core.claim import Claim, Mode
from coroom.core.holdings import NOTHING_HELD, Holdings, brought_to
from coroom.core.invariants import check_state
from coroom.core.resource import file
from coroom.core.state import but
from coroom.core.table import Table

Change = tuple[str, str, int, int]
HOLDERS = ("ada", "bob", "cyd")
changes = st.lists(
    st.tuples(st.integers(1, 50).map(str), st.sampled_from((*HOLDERS, "")), st.integers(1, 9), st.integers(0, 9)),
    max_size=60,
)


def _changed(claims: Table[Claim], change: Change) -> Table[Claim]:
    name, holder, fence, deadline_ms = change
    if not holder:
        return claims.without(name)
    held = Claim(
        id=name,
        holder=holder,
        resources=(file(f"{name}.py"),),
        mode=Mode.SHARED,
        purpose="",
        fence=fence,
        ttl_ms=5,
        deadline_ms=deadline_ms,
    )
    return claims.put(name, held)


def _same(holdings: Holdings, claims: Table[Claim]) -> None:
    scanned = sorted(claims.values(), key=lambda one: (one.fence, one.id))
    assert holdings.claims is claims
    for holder in HOLDERS:
        assert list(holdings.of.get(holder, ())) == [one for one in scanned if one.holder == holder]
    assert set(holdings.of) == {one.holder for one in scanned}
    assert holdings.next_end_ms == min((one.deadline_ms for one in scanned), default=None)
    for now_ms in range(-1, 11):
        assert holdings.late(now_ms) == [one for one in scanned if one.deadline_ms <= now_ms]


@given(changes, st.integers(1, 9))
def test_holdings_brought_from_any_earlier_claims_are_those_of_a_scan(done: list[Change], stride: int) -> None:
    claims: Table[Claim] = Table()
    known = NOTHING_HELD
    for number, change in enumerate(done):
        claims = _changed(claims, change)
        if number % stride == 0:
            known = brought_to(known, claims)
            _same(known, claims)
    _same(brought_to(known, claims), claims)
    _same(brought_to(NOTHING_HELD, claims), claims)
    nothing: Table[Claim] = Table()
    _same(brought_to(brought_to(NOTHING_HELD, claims), nothing), nothing)


def test_holdings_that_are_not_those_of_the_claims_are_wrong() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:a.py")
    wrong = but(room.state)
    vars(wrong)["_holdings"] = Holdings(wrong.claims, Table(), ())
    assert check_state(room.state) == ()
    assert check_state(wrong) == ("the holdings are not those of the claims",)


def test_a_copy_of_a_state_carries_its_holdings_and_its_own_claims() -> None:
    room = Room("ada", "bob")
    room.claim("ada", "file:a.py")
    [mine] = room.state.claims_of("ada")
    assert but(room.state, seq=99).holdings() is room.state.holdings()
    assert but(room.state, claims=Table()).claims_of("ada") == ()
    assert but(room.state, claims=room.state.claims.put("c9", but(mine, id="c9", fence=99))).claims_of("ada") == (
        mine,
        but(mine, id="c9", fence=99),
    )
