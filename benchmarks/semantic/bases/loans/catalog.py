from __future__ import annotations
from dataclasses import dataclass, field


class UnknownTitle(KeyError):
    pass


@dataclass
class Book:
    isbn: str
    name: str
    author: str
    copies: int = 1
    subjects: set[str] = field(default_factory=set)

    def heading(self) -> str:
        return f"{self.author}. {self.name}"


class Catalog:
    def __init__(self) -> None:
        self._books: dict[str, Book] = {}

    def register(self, book: Book) -> Book:
        self._books[book.isbn] = book
        return book

    def lookup(self, isbn: str) -> Book:
        try:
            return self._books[isbn]
        except KeyError:
            raise UnknownTitle(isbn) from None

    def on_subject(self, subject: str) -> list[Book]:
        found = [b for b in self._books.values() if subject in b.subjects]
        return sorted(found, key=lambda b: b.name)

    def __len__(self) -> int:
        return len(self._books)
