"""Small programs that the cases change: typed and untyped, with classes, registries, events and errors."""

from tests.checks.semantic.buoys_project import BUOYS
from tests.checks.semantic.dungeon_project import CHESS, DUNGEON, GREENHOUSE, LIFTS
from tests.checks.semantic.ferry_project import FERRY
from tests.checks.semantic.later_projects import BOARD, BREW, CINEMA, DEPOT, HARBOUR, PARK, QUEUE, RADIO, STALL

LIBRARY = {
    "models.py": """\
from __future__ import annotations
from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    IN = "in"
    LENT = "lent"
    GONE = "gone"


@dataclass
class Book:
    isbn: str
    title: str
    pages: int
    state: State = State.IN
    marks: list[str] = field(default_factory=list)

    def label(self) -> str:
        return f"{self.isbn}: {self.title}"
""",
    "catalogue.py": """\
from __future__ import annotations
from typing import Iterator, Optional
from models import Book, State


class Missing(Exception):
    pass


class Catalogue:
    def __init__(self) -> None:
        self._books: dict[str, Book] = {}
        self.lent = 0

    def add(self, book: Book) -> Catalogue:
        self._books[book.isbn] = book
        return self

    def find(self, isbn: str) -> Optional[Book]:
        return self._books.get(isbn)

    def need(self, isbn: str) -> Book:
        book = self._books.get(isbn)
        if book is None:
            raise Missing(isbn)
        return book

    def all(self) -> list[Book]:
        return list(self._books.values())

    def isbns(self) -> list[str]:
        return sorted(self._books)

    def search(self, text: str, limit: int = 10) -> list[Book]:
        found = [book for book in self._books.values() if text in book.title]
        return found[:limit]

    def lend(self, isbn: str) -> bool:
        book = self.find(isbn)
        if book is None or book.state is not State.IN:
            return False
        book.state = State.LENT
        self.lent += 1
        return True

    def pages(self) -> int:
        return sum(book.pages for book in self._books.values())
""",
    "texts.py": """\
from __future__ import annotations
import re

WIDTH = 40


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def shorten(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else text[: width - 1] + "~"


def pair(text: str) -> tuple[str, str]:
    head, _, tail = text.partition("=")
    return head, tail


def tidy(rows: list[str]) -> None:
    rows.sort()


def minutes(pages: int) -> int:
    return pages * 2
""",
    "report.py": """\
from __future__ import annotations
from catalogue import Catalogue


def header(title: str) -> str:
    return "== " + title + " =="


def listing(catalogue: Catalogue) -> str:
    return "\\n".join([header("books"), *(book.label() for book in catalogue.all())])
""",
}

SHOP = {
    "money.py": """\
class Money:
    def __init__(self, cents, currency="EUR"):
        self.cents = cents
        self.currency = currency

    def __add__(self, other):
        return Money(self.cents + other.cents, self.currency)

    def __eq__(self, other):
        return isinstance(other, Money) and self.cents == other.cents

    def __hash__(self):
        return hash(self.cents)

    def scaled(self, factor):
        return Money(int(self.cents * factor), self.currency)
""",
    "rates.py": """\
from money import Money

VAT = {"DE": 0.19, "FR": 0.2}
ROUNDING = 2


def vat_for(country):
    return VAT[country]


def with_vat(net, country):
    return net + net.scaled(vat_for(country))
""",
    "order.py": """\
from money import Money
from rates import with_vat


class Order:
    def __init__(self, number, country):
        self.number = number
        self.country = country
        self.status = "open"
        self.lines = []

    def add(self, name, price, count=1):
        self.lines.append((name, price.scaled(count)))
        return self

    def net(self):
        total = Money(0)
        for _, price in self.lines:
            total = total + price
        return total

    def gross(self):
        return with_vat(self.net(), self.country)

    def close(self):
        self.status = "closed"

    def summary(self):
        return {"number": self.number, "net": self.net().cents, "status": self.status}
""",
    "books.py": """\
from collections import namedtuple

Entry = namedtuple("Entry", ["account", "amount", "note"])


class Books:
    def __init__(self):
        self.entries = []

    def post(self, account, amount, note=""):
        self.entries.append(Entry(account, amount, note))

    def balance(self, account):
        return sum(e.amount for e in self.entries if e.account == account)

    def accounts(self):
        return sorted({e.account for e in self.entries})

    def last(self):
        return self.entries[-1]
""",
}

SITE = {
    "bus.py": """\
_handlers = {}


def on(name, handler):
    _handlers.setdefault(name, []).append(handler)


def emit(name, payload):
    for handler in _handlers.get(name, []):
        handler(payload)


def clear():
    _handlers.clear()
""",
    "routes.py": """\
_routes = {}


def route(path, method="GET"):
    def register(function):
        _routes[(method, path)] = function
        return function

    return register


def call(method, path, request):
    function = _routes.get((method, path))
    if function is None:
        return 404, {"error": "nothing here"}
    return function(request)
""",
    "store.py": """\
from bus import emit

_users = {}
_next = [0]


def save(name, mail):
    _next[0] += 1
    user = {"id": _next[0], "name": name, "mail": mail}
    _users[user["id"]] = user
    emit("user.saved", user)
    return user


def find(user_id):
    return _users.get(user_id)


def everybody():
    return list(_users.values())


def remove(user_id):
    return _users.pop(user_id, None)


def reset():
    _users.clear()
    _next[0] = 0
""",
    "pages.py": """\
import store
from routes import route


@route("/users")
def list_users(request):
    return 200, {"users": store.everybody()}


@route("/user")
def show_user(request):
    user = store.find(request["id"])
    if user is None:
        return 404, {"error": "no such user"}
    return 200, user
""",
    "settings.py": """\
DEFAULTS = {
    "host": "localhost",
    "port": 80,
    "timeout": 30,
}


def load(changes=None):
    settings = dict(DEFAULTS)
    settings.update(changes or {})
    return settings


def address(settings):
    return "%s:%s" % (settings["host"], settings["port"])
""",
    "plugins.py": """\
_plugins = {}


def plugin(name):
    def register(function):
        _plugins[name] = function
        return function

    return register


def run(name, rows):
    return _plugins[name](rows)


@plugin("upper")
def upper(rows):
    return [row.upper() for row in rows]


@plugin("unique")
def unique(rows):
    return list(dict.fromkeys(rows))
""",
}

NET = {
    "errors.py": """\
from __future__ import annotations


class NetError(Exception):
    def __init__(self, status: int, path: str) -> None:
        super().__init__(f"{status} on {path}")
        self.status = status
        self.path = path


class AuthError(NetError):
    pass


def can_retry(error: NetError) -> bool:
    return error.status >= 500
""",
    "wire.py": """\
from __future__ import annotations
from abc import ABC, abstractmethod
from typing import Any, Protocol


class Wire(Protocol):
    def send(self, method: str, path: str) -> dict[str, Any]: ...


class FakeWire:
    def __init__(self) -> None:
        self.log: list[str] = []

    def send(self, method: str, path: str) -> dict[str, Any]:
        self.log.append(path)
        return {"status": 200, "path": path}


class Source(ABC):
    kind = "source"

    @abstractmethod
    def rows(self) -> list[int]: ...

    def count(self) -> int:
        return len(self.rows())


class Fixed(Source):
    def __init__(self, data: list[int]) -> None:
        self.data = data

    def rows(self) -> list[int]:
        return list(self.data)
""",
    "client.py": """\
from __future__ import annotations
from typing import Any
from errors import NetError
from wire import Wire


class Client:
    def __init__(self, wire: Wire, token: str, tries: int = 2) -> None:
        self.wire = wire
        self.token = token
        self.tries = tries

    def fetch(self, path: str) -> dict[str, Any]:
        reply = self.wire.send("GET", path)
        if reply["status"] >= 400:
            raise NetError(reply["status"], path)
        return reply

    def ping(self) -> bool:
        return self.fetch("/ping")["status"] == 200

    def timeout(self) -> int:
        return 30

    def close(self) -> None:
        self.token = ""
""",
    "memory.py": """\
from __future__ import annotations
from typing import Callable


class Memory:
    def __init__(self, size: int = 4) -> None:
        self.size = size
        self._kept: dict[str, int] = {}
        self.hits = 0

    def get_or(self, key: str, make: Callable[[], int]) -> int:
        if key in self._kept:
            self.hits += 1
            return self._kept[key]
        value = make()
        self._kept[key] = value
        return value

    def drop(self, key: str) -> None:
        self._kept.pop(key, None)
""",
}

PROJECTS = {
    "library": LIBRARY,
    "shop": SHOP,
    "site": SITE,
    "net": NET,
    "depot": DEPOT,
    "radio": RADIO,
    "brew": BREW,
    "queue": QUEUE,
    "cinema": CINEMA,
    "park": PARK,
    "stall": STALL,
    "board": BOARD,
    "harbour": HARBOUR,
    "ferry": FERRY,
    "buoys": BUOYS,
    "dungeon": DUNGEON,
    "chess": CHESS,
    "greenhouse": GREENHOUSE,
    "lifts": LIFTS,
}
