"""Tasks of an office about slots of a day: a predicate that everybody reads before anybody writes."""

from collections.abc import Sequence

from coroom.evaluate.live.rows import Row, dropped, read, rows_of, spoilt, state_of
from coroom.evaluate.live.task import Due, Invariant, Job, Known, LiveTask, State, Step, WrongEnd, listed, numbered

SLOTS = ("13:00", "14:00", "17:00", "17:30")


def _book(who: str, number: int, day: str = "tomorrow") -> tuple[Step, ...]:
    def take(known: Known) -> Due:
        free = listed(known, "free")
        where = {"slot": free[0]["slot"]} if free else {}
        return ("update", {"table": "slots", "where": where, "set": {"taken_by": who}}) if free else None

    def wait(known: Known) -> Due:
        values = {"who": f"{who}-{number:02d}", "what": "a slot"}
        return None if listed(known, "free") else ("insert", {"table": "waiting", "values": values})

    return (read("free", "slots", day=day, taken_by=None), Step("take", take), Step("wait", wait))


def _book_in_words(who: str, number: int) -> str:
    return (
        f"Book the first free slot of tomorrow for {who}: of the rows of the table slots with day tomorrow and "
        f"taken_by null, set taken_by to {who} in the one with the smallest slot. Is none free, insert a row into the "
        f"table waiting instead: who {who}-{number:02d}, what 'a slot'."
    )


def _slots() -> list[Row]:
    return [{"slot": slot, "day": "tomorrow", "taken_by": None} for slot in SLOTS]


def _bookers(agents: int) -> tuple[Job, ...]:
    return tuple(numbered(n, _book_in_words(f"p{n:02d}", n), *_book(f"p{n:02d}", n)) for n in range(agents))


def _one_slot_each(_start: State, end: State, jobs: Sequence[Job]) -> bool:
    taken = [row["taken_by"] for row in rows_of(end, "slots") if row["taken_by"]]
    waits = len(rows_of(end, "waiting"))
    return len(taken) == len(set(taken)) == min(len(SLOTS), len(jobs)) and waits == max(0, len(jobs) - len(SLOTS))


BOOKING = LiveTask(
    id="booking",
    title="Everybody books the first free slot of tomorrow",
    anomaly="write skew on a predicate, for any number",
    world="office",
    start=lambda _: state_of(slots=_slots()),
    jobs=_bookers,
    invariants=(Invariant(name="one slot each while there are any, then the waiting list", holds=_one_slot_each),),
    wrong=(
        WrongEnd(why="a booked slot is free", spoil=spoilt("slots", lambda row: bool(row["taken_by"]), taken_by=None)),
        WrongEnd(why="a stranger has a slot", spoil=spoilt("slots", lambda row: bool(row["taken_by"]), taken_by="p99")),
        WrongEnd(
            why="two slots for one",
            spoil=lambda end: {
                **end,
                "rows": {
                    **end["rows"],
                    "slots": {key: {**row, "taken_by": "p00"} for key, row in end["rows"]["slots"].items()},
                },
            },
        ),
    ),
)


def _cascade(agents: int) -> tuple[Job, ...]:
    def urgent(known: Known) -> Due:
        found = sorted(listed(known, "hers"), key=lambda row: (row["priority"], row["title"]))
        if not found:
            return None
        return "update", {"table": "todo", "where": {"title": found[0]["title"]}, "set": {"owner": "dmitri"}}

    def slot_if_late(known: Known) -> Due:
        late = any(row["overdue"] for row in listed(known, "his"))
        free = listed(known, "free")
        if not late or not free:
            return None
        return "update", {"table": "slots", "where": {"slot": free[0]["slot"]}, "set": {"taken_by": "dmitri"}}

    def job(number: int) -> Job:
        if number % 3 == 0:
            words = (
                "Give anaya's most urgent task to dmitri: of the rows of the table todo whose owner is anaya, set the "
                "owner to dmitri in the one with the smallest priority (then the smallest title). Has she none, "
                "change nothing."
            )
            return numbered(number, words, read("hers", "todo", owner="anaya"), Step("give", urgent))
        if number % 3 == 1:
            words = (
                "If dmitri owns a row of the table todo that is overdue (1), book a slot for him: of the rows of the "
                "table slots with day tomorrow and taken_by null, set taken_by to dmitri in the one with the smallest "
                "slot. Otherwise, or is none free, change nothing."
            )
            free = read("free", "slots", day="tomorrow", taken_by=None)
            return numbered(number, words, read("his", "todo", owner="dmitri"), free, Step("late", slot_if_late))
        who = f"p{number:02d}"
        return numbered(number, _book_in_words(who, number), *_book(who, number))

    return tuple(job(n) for n in range(agents))


def _todo() -> list[Row]:
    return [{"title": f"report {n}", "owner": "anaya", "priority": n, "overdue": int(n % 2 == 0)} for n in range(6)]


CASCADE = LiveTask(
    id="cascade",
    title="A task changes hands, a slot is booked because of it, and a third takes what is left",
    anomaly="cascade over tables",
    world="office",
    start=lambda _: state_of(todo=_todo(), slots=_slots()),
    jobs=_cascade,
    invariants=(
        Invariant(
            name="one task changed hands for each who gave one",
            holds=lambda _start, end, jobs: (
                sum(row["owner"] == "dmitri" for row in rows_of(end, "todo")) == min(6, (len(jobs) + 2) // 3)
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="nobody gave one", spoil=spoilt("todo", lambda row: row["owner"] == "dmitri", owner="anaya")),
        WrongEnd(why="a slot for a stranger", spoil=spoilt("slots", lambda _: True, taken_by="p99")),
        WrongEnd(why="a task is gone", spoil=lambda end: dropped(end, "todo", "report 5")),
    ),
)
