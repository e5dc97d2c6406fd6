from datetime import date
from agenda import Agenda, Clash, Entry, Kind
from free import first_gap, gaps
from recur import repeat, weekly
from render import day_sheet
from slots import Slot, from_clock, merge_slots
d = date(2024, 5, 6)
ag = Agenda("Ann")
ag.book(Entry("lunch", d, Slot(720, 780), Kind.FOCUS))
ag.book(Entry("sync", d, Slot(540, 600)))
try:
    ag.book(Entry("late", d, Slot(570, 630)))
    raise SystemExit("clash not seen")
except Clash:
    pass
assert [e.title for e in ag.on(d)] == ["sync", "lunch"]
assert gaps(ag, d) == [Slot(600, 720), Slot(780, 1020)]
assert first_gap(ag, d, 200) == Slot(780, 1020)
assert "09:00-10:00 sync" in day_sheet(ag, d)
assert ag.cancel(d, "sync") and not ag.cancel(d, "sync")
assert len(repeat(ag, Entry("gym", d, Slot(400, 460)), weekly(d, 3))) == 3
assert len(ag.between(d, date(2024, 5, 13))) == 3
assert merge_slots([Slot(5, 9), Slot(1, 6)]) == [Slot(1, 9)] and from_clock("10:05") == 605
