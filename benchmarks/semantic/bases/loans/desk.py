from __future__ import annotations
from dataclasses import dataclass
from datetime import date, timedelta
from catalog import Catalog
from members import Member, loan_limit


class LoanRefused(Exception):
    pass


@dataclass
class Loan:
    member: Member
    isbn: str
    due: date
    renewals: int = 0


class Desk:
    def __init__(self, catalog: Catalog, days: int = 21) -> None:
        self.catalog = catalog
        self.days = days
        self.loans: list[Loan] = []

    def copies_out(self, isbn: str) -> int:
        return sum(1 for loan in self.loans if loan.isbn == isbn)

    def held_by(self, member: Member) -> list[Loan]:
        return [loan for loan in self.loans if loan.member == member]

    def lend(self, member: Member, isbn: str, today: date) -> Loan:
        book = self.catalog.lookup(isbn)
        if self.copies_out(isbn) >= book.copies:
            raise LoanRefused("no copy left")
        if len(self.held_by(member)) >= loan_limit(member):
            raise LoanRefused("limit reached")
        loan = Loan(member, isbn, today + timedelta(days=self.days))
        self.loans.append(loan)
        return loan

    def give_back(self, loan: Loan) -> None:
        self.loans.remove(loan)

    def overdue(self, today: date) -> list[Loan]:
        return [loan for loan in self.loans if loan.due < today]
