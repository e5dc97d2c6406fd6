"""The holdings that a state carries are those that a look at every claim gives."""

from hypothesis import given
from hypothesis import strategies as st
from tests.core.rooms import Room, named
from tests.core.strategies import resources

from coroom.core.claim import Blocker, Claim, Claimed, Mode
from coroom.core.command import ClaimResources, Ok, Release
from coroom.core.errors import Code, Refused
from coroom.core.holdings import NOTHING_HELD, NOWHERE, Holdings, Places, brought_to, placed
from coroom.core.invariants import check_state
from coroom.core.notice import NoticeKind
from coroom.core.resource import Resource, file, overlaps
from coroom.core.state import but
from coroom.core.table import Table

Change = tuple[str, str, int, int]
HOLDERS = ("ada", "bob", "cyd")
changes = st.lists(
    st.tuples(st.integers(1, 50).map(str), st.sampled_from((*HOLDERS, "")), st.integers(1, 9), st.integers(0, 9)),
    max_size=60,
)


def _changed(claims: Table[Claim], change: Change, resources: tuple[Resource, ...] = ()) -> Table[Claim]:
    name, holder, fence, deadline_ms = change
    if not holder:
        return claims.without(name)
    held = Claim(
        id=name,
        holder=holder,
        resources=resources or (file(f"{name}.py"),),
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


def _found(claims: Table[Claim]) -> Places:
    return placed(NOWHERE, claims)


@given(changes, st.lists(st.lists(resources, min_size=1, max_size=3), min_size=1), resources, st.integers(1, 9))
def test_every_claim_that_may_overlap_is_found_where_it_lies(
    done: list[Change], held: list[list[Resource]], want: Resource, stride: int
) -> None:
    claims: Table[Claim] = Table()
    known = NOWHERE
    for number, change in enumerate(done):
        claims = _changed(claims, change, tuple(held[number % len(held)]))
        if number % stride == 0:
            known = placed(known, claims)
    known = placed(known, claims)
    assert known == _found(claims)
    near = known.near((want,))
    assert near == [one for one in claims.values() if one in near]
    assert all(one in near for one in claims.values() if any(overlaps(want, held) for held in one.resources))
    assert placed(known, Table()) == NOWHERE


def test_a_file_is_kept_apart_from_other_files_and_beside_what_spans_many() -> None:
    names = ("file:a.py", "file:b.py", "symbol:a.py#A", "dir:src/", "ref:main", "row:db/t/1")
    claims: Table[Claim] = Table()
    for number, name in enumerate(names):
        claims = _changed(claims, (str(number), "ada", number + 1, 9), named(name))
    places = _found(claims)

    def near(name: str) -> list[str]:
        return [str(one.resources[0]) for one in places.near(named(name))]

    assert near("file:a.py") == ["file:a.py", "symbol:a.py#A", "dir:src/"]
    assert near("glob:*.py") == ["file:a.py", "file:b.py", "symbol:a.py#A", "dir:src/"]
    assert near("ref:main") == ["ref:main"]
    assert near("set:db/t") == ["row:db/t/1"]
    assert near("row:db/u/1") == []


def _wish(*names: str) -> ClaimResources:
    return ClaimResources(resources=named(*names))


def _blockers(refused: Refused) -> tuple[Blocker, ...]:
    assert isinstance(refused, Claimed)
    return refused.blockers


def test_in_a_room_with_many_claims_the_same_is_refused_and_told_as_among_few() -> None:
    few, many = Room("ada", "bob", "cyd"), Room("ada", "bob", "cyd")
    for number in range(60):
        many.claim("cyd", f"file:other/{number}.py")
    for room in (few, many):
        room.claim("ada", "file:a.py", "dir:src/")
        told = room.refused("bob", _wish("glob:src/**/*.py", "file:a.py", "file:b.py"), Code.CLAIMED)
        assert [str(b.held) for b in _blockers(told)] == ["dir:src/", "file:a.py"]
        room.ok("ada", Release(), Ok)
        assert [notice.to for notice in room.unread("bob", NoticeKind.FREED)] == ["bob"]
        assert room.claim("bob", "file:a.py", "dir:src/").fence == room.state.fence
