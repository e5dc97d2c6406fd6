"""The suite `office`: what people in an office do to the same rows at once, each task a textbook anomaly."""

from collections.abc import Callable, Sequence
from typing import Any

from coroom.evaluate.live.task import Due, Invariant, Job, Known, LiveTask, State, Step, WrongEnd

SCHEMA: dict[str, dict[str, str]] = {
    "slots": {"slot": "TEXT", "day": "TEXT", "taken_by": "TEXT"},
    "waiting": {"who": "TEXT", "what": "TEXT"},
    "meetings": {"id": "TEXT", "day": "TEXT", "hour": "INTEGER"},
    "customers": {"name": "TEXT", "rep": "TEXT"},
    "todo": {"title": "TEXT", "owner": "TEXT", "priority": "INTEGER", "overdue": "INTEGER"},
    "expenses": {"id": "TEXT", "amount": "INTEGER", "approved": "INTEGER"},
    "prices": {"item": "TEXT", "amount": "INTEGER"},
}
"""The tables by their columns; the first is the key."""

BUDGET = 100
SLOTS = ("13:00", "14:00", "17:00", "17:30")

Row = dict[str, Any]


def _state(**rows: Sequence[Row]) -> State:
    keys = {table: next(iter(columns)) for table, columns in SCHEMA.items()}
    held = {table: {row[keys[table]]: dict(row) for row in rows.get(table, ())} for table in SCHEMA}
    return {"rows": held, "keys": keys, "sent": []}


def _read(name: str, table: str, **where: Any) -> Step:
    return Step(name, lambda _: ("select", {"table": table, "where": where}))


def _found(known: Known, name: str) -> list[Row]:
    found = known.get(name)
    return found if isinstance(found, list) else []


def _job(number: int, words: str, *steps: Step) -> Job:
    return Job(id=f"job-{number:02d}", words=words, steps=steps)


def _rows(state: State, table: str) -> list[Row]:
    return list(state["rows"][table].values())


def _without(table: str, wanted: Callable[[Row], bool], **changed: Any) -> Callable[[State], State]:
    """Spoils an end: sets columns of the first row (by key) that is meant."""

    def spoil(end: State) -> State:
        for key in sorted(end["rows"][table]):
            if wanted(end["rows"][table][key]):
                end["rows"][table][key].update(changed)
                break
        return end

    return spoil


def _book(who: str, number: int, day: str = "tomorrow") -> tuple[Step, ...]:
    def take(known: Known) -> Due:
        free = _found(known, "free")
        where = {"slot": free[0]["slot"]} if free else {}
        return ("update", {"table": "slots", "where": where, "set": {"taken_by": who}}) if free else None

    def wait(known: Known) -> Due:
        values = {"who": f"{who}-{number:02d}", "what": "a slot"}
        return None if _found(known, "free") else ("insert", {"table": "waiting", "values": values})

    return (_read("free", "slots", day=day, taken_by=None), Step("take", take), Step("wait", wait))


def _slots() -> list[Row]:
    return [{"slot": slot, "day": "tomorrow", "taken_by": None} for slot in SLOTS]


def _bookers(agents: int) -> tuple[Job, ...]:
    return tuple(
        _job(
            n,
            "Book the first free slot of tomorrow for yourself; none left: go on the waiting list.",
            *_book(f"p{n:02d}", n),
        )
        for n in range(agents)
    )


def _one_slot_each(_start: State, end: State, jobs: Sequence[Job]) -> bool:
    taken = [row["taken_by"] for row in _rows(end, "slots") if row["taken_by"]]
    waits = len(_rows(end, "waiting"))
    return len(taken) == len(set(taken)) == min(len(SLOTS), len(jobs)) and waits == max(0, len(jobs) - len(SLOTS))


BOOKING = LiveTask(
    id="booking",
    title="Everybody books the first free slot of tomorrow",
    anomaly="write skew on a predicate, for any number",
    world="office",
    start=lambda _: _state(slots=_slots()),
    jobs=_bookers,
    invariants=(Invariant(name="one slot each while there are any, then the waiting list", holds=_one_slot_each),),
    wrong=(
        WrongEnd(
            why="a booked slot is free", spoil=_without("slots", lambda row: bool(row["taken_by"]), taken_by=None)
        ),
        WrongEnd(
            why="a stranger has a slot", spoil=_without("slots", lambda row: bool(row["taken_by"]), taken_by="p99")
        ),
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


def _push_back(agents: int) -> tuple[Job, ...]:
    def later(known: Known) -> Due:
        found = _found(known, "standup")
        if not found:
            return None
        return "update", {"table": "meetings", "where": {"id": "standup"}, "set": {"hour": found[0]["hour"] + 15}}

    words = "The stand-up begins at so many minutes of the day; make it a quarter of an hour later than it is."
    return tuple(
        _job(n, words, _read("standup", "meetings", id="standup"), Step("later", later)) for n in range(agents)
    )


PUSH_BACK = LiveTask(
    id="push-back",
    title="Everybody pushes the same meeting back",
    anomaly="lost update",
    world="office",
    start=lambda _: _state(meetings=[{"id": "standup", "day": "today", "hour": 540}]),
    jobs=_push_back,
    invariants=(
        Invariant(
            name="each quarter of an hour counts",
            holds=lambda start, end, jobs: (
                end["rows"]["meetings"]["standup"]["hour"]
                == start["rows"]["meetings"]["standup"]["hour"] + 15 * len(jobs)
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="one push is lost", spoil=_without("meetings", lambda _: True, hour=555)),
        WrongEnd(why="one push counts twice", spoil=_without("meetings", lambda _: True, hour=585 + 15 * 14)),
        WrongEnd(why="another day", spoil=_without("meetings", lambda _: True, day="tomorrow")),
    ),
)

_CUSTOMERS = {"ada": "akira", "bob": "lena", "cleo": "akira", "dan": "lena"}


def _reassign(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        old, new = ("akira", "lena") if number % 2 == 0 else ("lena", "akira")

        def give(at: int) -> Step:
            def due(known: Known) -> Due:
                found = _found(known, "theirs")
                if at >= len(found):
                    return None
                return "update", {"table": "customers", "where": {"name": found[at]["name"]}, "set": {"rep": new}}

            return Step(f"give-{at}", due)

        steps = (_read("theirs", "customers", rep=old), *(give(at) for at in range(len(_CUSTOMERS))))
        return _job(number, f"Give every customer of {old} to {new}.", *steps)

    return tuple(job(n) for n in range(agents))


REASSIGN = LiveTask(
    id="reassign",
    title="Two managers give each other's customers away",
    anomaly="a predicate that others' writes move (swap)",
    world="office",
    start=lambda _: _state(customers=[{"name": name, "rep": rep} for name, rep in _CUSTOMERS.items()]),
    jobs=_reassign,
    invariants=(
        Invariant(
            name="all customers are with one of the two",
            holds=lambda _start, end, _jobs: len({row["rep"] for row in _rows(end, "customers")}) == 1,
        ),
    ),
    wrong=(
        WrongEnd(why="one stayed behind", spoil=_without("customers", lambda _: True, rep="nobody")),
        WrongEnd(why="one is gone", spoil=lambda end: _dropped(end, "customers", "ada")),
        WrongEnd(
            why="the two were swapped",
            spoil=lambda end: {
                **end,
                "rows": {
                    **end["rows"],
                    "customers": {
                        name: {"name": name, "rep": {"akira": "lena", "lena": "akira"}[rep]}
                        for name, rep in _CUSTOMERS.items()
                    },
                },
            },
        ),
    ),
)


def _dropped(end: State, table: str, key: str) -> State:
    end["rows"][table].pop(key, None)
    return end


_FRIDAY = (9, 10, 11)
_HOURS = range(9, 9 + 24)


def _cancel(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        if number % 2 == 0:

            def drop(at: int) -> Step:
                def due(known: Known) -> Due:
                    found = [row for row in _found(known, "friday") if row["id"].startswith("old")]
                    return (
                        ("delete", {"table": "meetings", "where": {"id": found[at]["id"]}}) if at < len(found) else None
                    )

                return Step(f"cancel-{at}", due)

            steps = (_read("friday", "meetings", day="friday"), *(drop(at) for at in range(len(_FRIDAY))))
            return _job(number, "Cancel the meetings of Friday whose names begin with old.", *steps)

        def hold(known: Known) -> Due:
            if "friday" not in known:
                return None
            used = {row["hour"] for row in _found(known, "friday")}
            hour = next(hour for hour in _HOURS if hour not in used)
            values = {"id": f"new-{number:02d}", "day": "friday", "hour": hour}
            return "insert", {"table": "meetings", "values": values}

        words = f"Put a meeting new-{number:02d} into the first hour of Friday from 9 on that has none."
        return _job(number, words, _read("friday", "meetings", day="friday"), Step("hold", hold))

    return tuple(job(n) for n in range(agents))


def _no_clash(_start: State, end: State, jobs: Sequence[Job]) -> bool:
    hours = [row["hour"] for row in _rows(end, "meetings")]
    made = sum(key.startswith("new") for key in end["rows"]["meetings"])
    left = any(key.startswith("old") for key in end["rows"]["meetings"])
    return len(hours) == len(set(hours)) and made == len(jobs) // 2 and not left


CANCEL = LiveTask(
    id="cancel",
    title="Friday is cancelled while others look for a free hour on it",
    anomaly="phantom",
    world="office",
    start=lambda _: _state(meetings=[{"id": f"old-{hour}", "day": "friday", "hour": hour} for hour in _FRIDAY]),
    jobs=_cancel,
    invariants=(Invariant(name="no two meetings at one hour, the old ones gone", holds=_no_clash),),
    wrong=(
        WrongEnd(
            why="an old one is still there",
            spoil=lambda end: _added(end, "meetings", id="old-9", day="friday", hour=33),
        ),
        WrongEnd(why="a hole nobody left", spoil=_without("meetings", lambda _: True, hour=40)),
        WrongEnd(why="a new one is missing", spoil=lambda end: _dropped(end, "meetings", "new-01")),
    ),
)


def _added(end: State, table: str, **row: Any) -> State:
    end["rows"][table][row[end["keys"][table]]] = row
    return end


def _cascade(agents: int) -> tuple[Job, ...]:
    def urgent(known: Known) -> Due:
        found = sorted(_found(known, "hers"), key=lambda row: (row["priority"], row["title"]))
        if not found:
            return None
        return "update", {"table": "todo", "where": {"title": found[0]["title"]}, "set": {"owner": "dmitri"}}

    def slot_if_late(known: Known) -> Due:
        late = any(row["overdue"] for row in _found(known, "his"))
        free = _found(known, "free")
        if not late or not free:
            return None
        return "update", {"table": "slots", "where": {"slot": free[0]["slot"]}, "set": {"taken_by": "dmitri"}}

    def job(number: int) -> Job:
        if number % 3 == 0:
            words = "Give anaya's most urgent task (the smallest priority, then by title) to dmitri."
            return _job(number, words, _read("hers", "todo", owner="anaya"), Step("give", urgent))
        if number % 3 == 1:
            words = "If dmitri has a task that is overdue, book the first free slot of tomorrow for him."
            free = _read("free", "slots", day="tomorrow", taken_by=None)
            return _job(number, words, _read("his", "todo", owner="dmitri"), free, Step("late", slot_if_late))
        words = "Book the first free slot of tomorrow for yourself; none left: go on the waiting list."
        return _job(number, words, *_book(f"p{number:02d}", number))

    return tuple(job(n) for n in range(agents))


def _todo() -> list[Row]:
    return [{"title": f"report {n}", "owner": "anaya", "priority": n, "overdue": int(n % 2 == 0)} for n in range(6)]


CASCADE = LiveTask(
    id="cascade",
    title="A task changes hands, a slot is booked because of it, and a third takes what is left",
    anomaly="cascade over tables",
    world="office",
    start=lambda _: _state(todo=_todo(), slots=_slots()),
    jobs=_cascade,
    invariants=(
        Invariant(
            name="one task changed hands for each who gave one",
            holds=lambda _start, end, jobs: (
                sum(row["owner"] == "dmitri" for row in _rows(end, "todo")) == min(6, (len(jobs) + 2) // 3)
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="nobody gave one", spoil=_without("todo", lambda row: row["owner"] == "dmitri", owner="anaya")),
        WrongEnd(why="a slot for a stranger", spoil=_without("slots", lambda _: True, taken_by="p99")),
        WrongEnd(why="a task is gone", spoil=lambda end: _dropped(end, "todo", "report 5")),
    ),
)


def _approve(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        def decide(known: Known) -> Due:
            if "approved" not in known:
                return None
            spent = sum(row["amount"] for row in _found(known, "approved"))
            verdict = 1 if spent + 40 <= BUDGET else -1
            return "update", {"table": "expenses", "where": {"id": f"e{number:02d}"}, "set": {"approved": verdict}}

        words = (
            f"Approve expense e{number:02d} (1) if it and all approved ones are {BUDGET} at most; else decline it (-1)."
        )
        return _job(number, words, _read("approved", "expenses", approved=1), Step("decide", decide))

    return tuple(job(n) for n in range(agents))


APPROVE = LiveTask(
    id="approve",
    title="Everybody approves an expense while the budget lasts",
    anomaly="write skew",
    world="office",
    start=lambda jobs: _state(expenses=[{"id": f"e{n:02d}", "amount": 40, "approved": 0} for n in range(jobs)]),
    jobs=_approve,
    invariants=(
        Invariant(
            name="the budget holds, and is used",
            holds=lambda _start, end, jobs: (
                sum(row["approved"] == 1 for row in _rows(end, "expenses")) == min(2, len(jobs))
                and all(row["approved"] for row in _rows(end, "expenses"))
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="one is undecided", spoil=_without("expenses", lambda _: True, approved=0)),
        WrongEnd(
            why="one was declined too many", spoil=_without("expenses", lambda row: row["approved"] == 1, approved=-1)
        ),
        WrongEnd(why="an amount changed", spoil=_without("expenses", lambda _: True, amount=1)),
    ),
)


def _invoice(agents: int) -> tuple[Job, ...]:
    def dearer(known: Known) -> Due:
        found = _found(known, "price")
        if not found:
            return None
        return "update", {"table": "prices", "where": {"item": "lamp"}, "set": {"amount": found[0]["amount"] + 5}}

    def job(number: int) -> Job:
        price = _read("price", "prices", item="lamp")
        if number % 2 == 0:
            return _job(number, "Make the lamp 5 dearer than it is.", price, Step("dearer", dearer))

        def send(known: Known) -> Due:
            found = _found(known, "price")
            return ("send", {"to": f"c{number:02d}", "amount": found[0]["amount"]}) if found else None

        return _job(number, f"Send customer c{number:02d} an invoice over the lamp's price.", price, Step("send", send))

    return tuple(job(n) for n in range(agents))


INVOICE = LiveTask(
    id="invoice",
    title="Invoices go out while prices change",
    anomaly="an effect that cannot be taken back, on a stale premise",
    world="office",
    start=lambda _: _state(prices=[{"item": "lamp", "amount": 100}]),
    jobs=_invoice,
    invariants=(
        Invariant(
            name="each customer has one invoice, and each rise counts",
            holds=lambda _start, end, jobs: (
                sorted(mail["to"] for mail in end["sent"]) == [f"c{n:02d}" for n in range(1, len(jobs), 2)]
                and end["rows"]["prices"]["lamp"]["amount"] == 100 + 5 * ((len(jobs) + 1) // 2)
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="an invoice went out twice", spoil=lambda end: {**end, "sent": end["sent"] * 2}),
        WrongEnd(why="no invoice went out", spoil=lambda end: {**end, "sent": []}),
        WrongEnd(
            why="a price that never was",
            spoil=lambda end: {**end, "sent": [{**mail, "amount": 101} for mail in end["sent"]]},
        ),
    ),
)

OFFICE = (BOOKING, PUSH_BACK, REASSIGN, CANCEL, CASCADE, APPROVE, INVOICE)
"""Every task of the suite."""
