"""Tasks of an office about customers, expenses and prices."""

from coroom.evaluate.live.rows import dropped, read, rows_of, spoilt, state_of
from coroom.evaluate.live.task import Due, Invariant, Job, Known, LiveTask, Step, WrongEnd, listed, numbered

BUDGET = 100


_CUSTOMERS = {"ada": "akira", "bob": "lena", "cleo": "akira", "dan": "lena"}


def _reassign(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        old, new = ("akira", "lena") if number % 2 == 0 else ("lena", "akira")

        def give(at: int) -> Step:
            def due(known: Known) -> Due:
                found = listed(known, "theirs")
                if at >= len(found):
                    return None
                return "update", {"table": "customers", "where": {"name": found[at]["name"]}, "set": {"rep": new}}

            return Step(f"give-{at}", due)

        steps = (read("theirs", "customers", rep=old), *(give(at) for at in range(len(_CUSTOMERS))))
        return numbered(number, f"In the table customers set rep to {new} wherever it is {old}.", *steps)

    return tuple(job(n) for n in range(agents))


REASSIGN = LiveTask(
    id="reassign",
    title="Two managers give each other's customers away",
    anomaly="a predicate that others' writes move (swap)",
    world="office",
    start=lambda _: state_of(customers=[{"name": name, "rep": rep} for name, rep in _CUSTOMERS.items()]),
    jobs=_reassign,
    invariants=(
        Invariant(
            name="all customers are with one of the two",
            holds=lambda _start, end, _jobs: len({row["rep"] for row in rows_of(end, "customers")}) == 1,
        ),
    ),
    wrong=(
        WrongEnd(why="one stayed behind", spoil=spoilt("customers", lambda _: True, rep="nobody")),
        WrongEnd(why="one is gone", spoil=lambda end: dropped(end, "customers", "ada")),
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


def _approve(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        def decide(known: Known) -> Due:
            if "approved" not in known:
                return None
            spent = sum(row["amount"] for row in listed(known, "approved"))
            verdict = 1 if spent + 40 <= BUDGET else -1
            return "update", {"table": "expenses", "where": {"id": f"e{number:02d}"}, "set": {"approved": verdict}}

        words = (
            f"Decide on the row e{number:02d} of the table expenses: set its approved to 1 if its amount and those of "
            f"all rows whose approved is 1 come to {BUDGET} at most; else to -1."
        )
        return numbered(number, words, read("approved", "expenses", approved=1), Step("decide", decide))

    return tuple(job(n) for n in range(agents))


APPROVE = LiveTask(
    id="approve",
    title="Everybody approves an expense while the budget lasts",
    anomaly="write skew",
    world="office",
    start=lambda jobs: state_of(expenses=[{"id": f"e{n:02d}", "amount": 40, "approved": 0} for n in range(jobs)]),
    jobs=_approve,
    invariants=(
        Invariant(
            name="the budget holds, and is used",
            holds=lambda _start, end, jobs: (
                sum(row["approved"] == 1 for row in rows_of(end, "expenses")) == min(2, len(jobs))
                and all(row["approved"] for row in rows_of(end, "expenses"))
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="one is undecided", spoil=spoilt("expenses", lambda _: True, approved=0)),
        WrongEnd(
            why="one was declined too many", spoil=spoilt("expenses", lambda row: row["approved"] == 1, approved=-1)
        ),
        WrongEnd(why="an amount changed", spoil=spoilt("expenses", lambda _: True, amount=1)),
    ),
)


def _invoice(agents: int) -> tuple[Job, ...]:
    def dearer(known: Known) -> Due:
        found = listed(known, "price")
        if not found:
            return None
        return "update", {"table": "prices", "where": {"item": "lamp"}, "set": {"amount": found[0]["amount"] + 5}}

    def job(number: int) -> Job:
        price = read("price", "prices", item="lamp")
        if number % 2 == 0:
            return numbered(
                number,
                "In the table prices make the amount of the item lamp 5 more than it is.",
                price,
                Step("dearer", dearer),
            )

        def send(known: Known) -> Due:
            found = listed(known, "price")
            return ("send", {"to": f"c{number:02d}", "amount": found[0]["amount"]}) if found else None

        words = (
            f"Send customer c{number:02d} one invoice with office_send, over the amount that the item lamp has in the "
            "table prices."
        )
        return numbered(number, words, price, Step("send", send))

    return tuple(job(n) for n in range(agents))


INVOICE = LiveTask(
    id="invoice",
    title="Invoices go out while prices change",
    anomaly="an effect that cannot be taken back, on a stale premise",
    world="office",
    start=lambda _: state_of(prices=[{"item": "lamp", "amount": 100}]),
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
