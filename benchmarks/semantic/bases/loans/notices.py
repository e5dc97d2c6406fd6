from __future__ import annotations
from datetime import date
from desk import Desk, Loan
from members import sorted_name

FINE_PER_DAY = 20


def days_late(loan: Loan, today: date) -> int:
    return max(0, (today - loan.due).days)


def fine(loan: Loan, today: date) -> int:
    return days_late(loan, today) * FINE_PER_DAY


def reminder(desk: Desk, loan: Loan, today: date) -> str:
    book = desk.catalog.lookup(loan.isbn)
    return f"{sorted_name(loan.member)}: {book.name}, {days_late(loan, today)} days late"


def reminders(desk: Desk, today: date) -> list[str]:
    return [reminder(desk, loan, today) for loan in desk.overdue(today)]
