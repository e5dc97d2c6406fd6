from datetime import date
from catalog import Book, Catalog
from desk import Desk, LoanRefused
from members import Member, enrol, loan_limit
from notices import fine, reminders
cat = Catalog()
cat.register(Book("111", "Dune", "Herbert", subjects={"sf"}))
cat.register(Book("222", "Emma", "Austen", copies=2))
ann = Member("c1", "Ann Lee")
desk = Desk(cat, days=10)
loan = desk.lend(ann, "111", date(2024, 3, 1))
try:
    desk.lend(Member("c2", "Bo"), "111", date(2024, 3, 1))
    raise SystemExit("lent twice")
except LoanRefused:
    pass
assert len(desk.held_by(ann)) == 1
assert reminders(desk, date(2024, 3, 14)) == ["Lee, Ann: Dune, 3 days late"]
assert fine(loan, date(2024, 3, 11)) == 0
desk.give_back(loan)
assert desk.copies_out("111") == 0
assert loan_limit(enrol("c3", "Cy Roe", 9)) == 3
assert [b.name for b in cat.on_subject("sf")] == ["Dune"] and len(cat) == 2
