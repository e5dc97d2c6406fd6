"""A small repository's index and footprints for tests of plans."""

from collections.abc import Collection, Iterable

from coroom.core.errors import Refused
from coroom.core.resource import Resource, parse
from coroom.plan.footprint import Footprints
from coroom.plan.history import CoChange
from coroom.plan.index import SymbolIndex
from coroom.plan.task import PlanTask, TaskFootprint

FILES = {
    "src/app/parser.py": (
        "from app.lexer import Lexer\n\n\nclass Parser:\n"
        "    def parse(self, text):\n        return Lexer(text).tokens()\n\n"
        "    def error(self, why):\n        raise ValueError(why)\n"
    ),
    "src/app/lexer.py": (
        "LIMIT = 3\n\n\nclass Lexer:\n    def tokens(self):\n        return split_words(LIMIT)\n"
        "\n\ndef split_words(n):\n    return n\n"
    ),
    "src/app/report.py": "def render_report(rows):\n    return rows\n",
    "src/app/mail.py": "def send_mail(to):\n    return to\n",
    "tests/test_parser.py": "def test_parse():\n    pass\n",
    "docs/guide.md": "",
    "legacy.cob": "",
}


def index() -> SymbolIndex:
    found = SymbolIndex()
    for path, text in FILES.items():
        found.put(path, text.encode())
    return found


def resource(text: str) -> Resource:
    found = parse(text)
    assert not isinstance(found, Refused)
    return found


def task(name: str, title: str = "work", *touches: str, after: tuple[str, ...] = (), seconds: float = 60.0) -> PlanTask:
    return PlanTask(id=name, title=title, touches=tuple(map(resource, touches)), after=after, seconds=seconds)


def footprints(tasks: Iterable[PlanTask], history: Iterable[Collection[str]] = ()) -> list[TaskFootprint]:
    found = Footprints(index(), FILES.keys(), CoChange(history))
    return [found.of(each) for each in tasks]
