from __future__ import annotations
from dataclasses import dataclass

LOAN_LIMITS: dict[str, int] = {
    "child": 3,
    "adult": 5,
    "staff": 20,
}


@dataclass(frozen=True)
class Member:
    card: str
    name: str
    grade: str = "adult"


def enrol(card: str, name: str, age: int) -> Member:
    grade = "child" if age < 14 else "adult"
    return Member(card, name, grade)


def loan_limit(member: Member) -> int:
    return LOAN_LIMITS[member.grade]


def sorted_name(member: Member) -> str:
    first, _, last = member.name.rpartition(" ")
    return f"{last}, {first}" if first else last
