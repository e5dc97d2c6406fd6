"""Two changes that look as if they met, and work together."""

from checks.semantic.case import Case, Edit

NEW = ""


def two(name: str, project: str, ours: list[Edit], theirs: list[Edit], our_test: str, their_test: str) -> Case:
    return Case(name, project, False, ours, theirs, our_test, their_test)


CLEANS = [
    two(
        "an optional parameter, a new caller of the old form",
        "library",
        [
            (
                "catalogue.py",
                "text: str, limit: int = 10) -> list[Book]:\n        found",
                "text: str, limit: int = 10, fold: bool = False) -> list[Book]:\n        text = text.lower() if fold else text\n        found",
            )
        ],
        [
            (
                "first.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef hits(c: Catalogue, t: str) -> int:\n    return len(c.search(t, 5))\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().search('A', fold=True)==[]",
        "from first import hits\nfrom catalogue import Catalogue\nassert hits(Catalogue(),'a')==0",
    ),
    two(
        "a private helper is renamed with all its callers",
        "library",
        [
            (
                "texts.py",
                'def slug(text: str) -> str:\n    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")',
                'def _clean(text: str) -> str:\n    return text.lower()\n\n\ndef slug(text: str) -> str:\n    return re.sub(r"[^a-z0-9]+", "-", _clean(text)).strip("-")',
            )
        ],
        [("urls.py", NEW, 'from texts import slug\n\n\ndef url(t: str) -> str:\n    return "/" + slug(t)\n')],
        "from texts import slug; assert slug('A b')=='a-b'",
        "from urls import url; assert url('A b')=='/a-b'",
    ),
    two(
        "a loop instead of a sum",
        "library",
        [
            (
                "catalogue.py",
                "        return sum(book.pages for book in self._books.values())",
                "        total = 0\n        for book in self._books.values():\n            total += book.pages\n        return total",
            )
        ],
        [
            (
                "mean.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef mean(c: Catalogue) -> float:\n    return c.pages() / max(len(c.all()), 1)\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().pages()==0",
        "from mean import mean\nfrom catalogue import Catalogue\nassert mean(Catalogue())==0",
    ),
    two(
        "sorted in another way",
        "library",
        [
            (
                "catalogue.py",
                "        return sorted(self._books)",
                "        found = list(self._books)\n        found.sort()\n        return found",
            )
        ],
        [
            (
                "ends.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef lowest(c: Catalogue) -> str:\n    return c.isbns()[0]\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().isbns()==[]",
        "from ends import lowest\nfrom catalogue import Catalogue\nfrom models import Book\nassert lowest(Catalogue().add(Book('2','a',1)).add(Book('1','a',1)))=='1'",
    ),
    two(
        "another order, and nobody goes by it",
        "library",
        [("catalogue.py", "return sorted(self._books)", "return sorted(self._books, reverse=True)")],
        [
            (
                "has.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef has(c: Catalogue, i: str) -> bool:\n    return i in c.isbns()\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().isbns()==[]",
        "from has import has\nfrom catalogue import Catalogue\nassert not has(Catalogue(),'1')",
    ),
    two(
        "one name in two classes",
        "library",
        [
            (
                "models.py",
                "    def label(self)",
                "    def size(self) -> int:\n        return self.pages\n\n    def label(self)",
            )
        ],
        [
            (
                "catalogue.py",
                "    def pages(self)",
                "    def size(self) -> int:\n        return len(self._books)\n\n    def pages(self)",
            )
        ],
        "from models import Book; assert Book('1','t',3).size()==3",
        "from catalogue import Catalogue; assert Catalogue().size()==0",
    ),
    two(
        "one helper name in two files",
        "shop",
        [("tax.py", NEW, "def percent(x):\n    return x * 100\n")],
        [("label.py", NEW, 'def percent(x):\n    return "%d%%" % x\n')],
        "from tax import percent; assert percent(1)==100",
        "from label import percent; assert percent(3)=='3%'",
    ),
    two(
        "two settings",
        "site",
        [("settings.py", '    "host": "localhost",\n', '    "host": "localhost",\n    "page": 20,\n')],
        [
            (
                "settings.py",
                'return "%s:%s" % (settings["host"], settings["port"])',
                'scheme = "https" if settings.get("secure") else "http"\n    return "%s://%s:%s" % (scheme, settings["host"], settings["port"])',
            )
        ],
        "from settings import load; assert load()['page']==20",
        "from settings import load, address; assert address(load())=='http://localhost:80'",
    ),
    two(
        "two routes",
        "site",
        [
            (
                "pages.py",
                '@route("/user")',
                '@route("/users/count")\ndef count(request):\n    return 200, len(store.everybody())\n\n\n@route("/user")',
            )
        ],
        [
            (
                "admin.py",
                NEW,
                'from routes import route\nimport store\n\n\n@route("/users/reset", method="POST")\ndef count(request):\n    store.reset()\n    return 200, {}\n',
            )
        ],
        "import pages, store\nfrom routes import call\nstore.reset(); assert call('GET','/users/count',{})[1]==0",
        "import admin\nfrom routes import call\nassert call('POST','/users/reset',{})[0]==200",
    ),
    two(
        "one path, two methods",
        "site",
        [
            (
                "pages.py",
                '@route("/user")',
                '@route("/item")\ndef item(request):\n    return 200, {}\n\n\n@route("/user")',
            )
        ],
        [
            (
                "admin.py",
                NEW,
                'from routes import route\n\n\n@route("/item", method="POST")\ndef make(request):\n    return 201, {}\n',
            )
        ],
        "import pages\nfrom routes import call\nassert call('GET','/item',{})[0]==200",
        "import admin\nfrom routes import call\nassert call('POST','/item',{})[0]==201",
    ),
    two(
        "a wider predicate, a new caller",
        "net",
        [("errors.py", "return error.status >= 500", "return error.status >= 500 or error.status == 429")],
        [
            (
                "again.py",
                NEW,
                "from errors import NetError, can_retry\n\n\ndef again(make, tries=3):\n    for left in reversed(range(tries)):\n        try:\n            return make()\n        except NetError as error:\n            if not can_retry(error) or not left:\n                raise\n",
            )
        ],
        "from errors import NetError, can_retry; assert can_retry(NetError(429,'/'))",
        "from again import again; assert again(lambda: 3)==3",
    ),
    two(
        "more is counted, a new caller",
        "net",
        [
            ("memory.py", "        self.hits = 0", "        self.hits = 0\n        self.misses = 0"),
            ("memory.py", "        value = make()\n", "        self.misses += 1\n        value = make()\n"),
        ],
        [
            (
                "kept.py",
                NEW,
                "from memory import Memory\n\n\nclass Kept:\n    def __init__(self) -> None:\n        self.memory = Memory(2)\n\n    def square(self, n: int) -> int:\n        return self.memory.get_or(str(n), lambda: n * n)\n",
            )
        ],
        "from memory import Memory\nm=Memory(); m.get_or('a', lambda: 1); assert m.misses==1",
        "from kept import Kept; assert Kept().square(3)==9",
    ),
    two(
        "a keyword only addition",
        "shop",
        [
            (
                "books.py",
                'def post(self, account, amount, note=""):\n',
                'def post(self, account, amount, note="", *, tags=()):\n        self.tags = tags\n',
            )
        ],
        [
            (
                "pay.py",
                NEW,
                'def pay(books, cents):\n    books.post("cash", cents, "paid")\n    return books.balance("cash")\n',
            )
        ],
        "from books import Books\nb=Books(); b.post('a',1,tags=('x',)); assert b.tags==('x',)",
        "from pay import pay\nfrom books import Books\nassert pay(Books(),3)==3",
    ),
    two(
        "a refactoring beside a row of data",
        "shop",
        [
            (
                "money.py",
                "return Money(int(self.cents * factor), self.currency)",
                "product = self.cents * factor\n        return Money(int(product), self.currency)",
            )
        ],
        [("rates.py", '"FR": 0.2}', '"FR": 0.2, "AT": 0.2}')],
        "from money import Money; assert Money(10).scaled(1.5).cents==15",
        "from rates import with_vat\nfrom money import Money\nassert with_vat(Money(100),'AT').cents==120",
    ),
    two(
        "an overload repeats a name",
        "library",
        [
            ("texts.py", "import re\n", "import re\nfrom typing import overload\n"),
            (
                "texts.py",
                "def minutes(",
                "@overload\ndef twice(x: int) -> int: ...\n@overload\ndef twice(x: str) -> str: ...\ndef twice(x):\n    return x * 2\n\n\ndef minutes(",
            ),
        ],
        [("texts.py", "def tidy(", "def half(x: int) -> int:\n    return x // 2\n\n\ndef tidy(")],
        "from texts import twice; assert twice('a')=='aa'",
        "from texts import half; assert half(4)==2",
    ),
    two(
        "a tuple in place of a list, gone through",
        "library",
        [
            (
                "catalogue.py",
                "    def all(self) -> list[Book]:\n        return list(self._books.values())",
                "    def all(self) -> tuple[Book, ...]:\n        return tuple(self._books.values())",
            )
        ],
        [
            (
                "count.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef many(c: Catalogue) -> int:\n    return len(c.all())\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().all()==()",
        "from count import many\nfrom catalogue import Catalogue\nassert many(Catalogue())==0",
    ),
    two(
        "a generator, gone through once",
        "library",
        [
            (
                "catalogue.py",
                "    def all(self) -> list[Book]:\n        return list(self._books.values())",
                "    def all(self) -> Iterator[Book]:\n        yield from self._books.values()",
            )
        ],
        [
            (
                "names.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef names(c: Catalogue) -> list[str]:\n    return [b.title for b in c.all()]\n",
            )
        ],
        "from catalogue import Catalogue; assert list(Catalogue().all())==[]",
        "from names import names\nfrom catalogue import Catalogue\nassert names(Catalogue())==[]",
    ),
    two(
        "a field more, with a default",
        "library",
        [("models.py", "    state: State = State.IN\n", "    state: State = State.IN\n    year: int = 0\n")],
        [("fakes.py", NEW, 'from models import Book\n\n\ndef thin() -> Book:\n    return Book("1", "t", 1)\n')],
        "from models import Book; assert Book('1','t',1).year==0",
        "from fakes import thin; assert thin().pages==1",
    ),
    two(
        "a key more in a record",
        "site",
        [("store.py", '"mail": mail}', '"mail": mail, "active": True}')],
        [("post.py", NEW, 'import store\n\n\ndef addresses():\n    return [u["mail"] for u in store.everybody()]\n')],
        "import store; assert store.save('a','m')['active']",
        "import store, post; store.reset(); store.save('a','m'); assert post.addresses()==['m']",
    ),
    two(
        "a subclass of an exception is raised",
        "net",
        [
            (
                "client.py",
                '        if reply["status"] >= 400:',
                '        if reply["status"] == 401:\n            raise AuthError(401, path)\n        if reply["status"] >= 400:',
            ),
            ("client.py", "from errors import NetError", "from errors import AuthError, NetError"),
        ],
        [
            (
                "safe.py",
                NEW,
                "from client import Client\nfrom errors import NetError\n\n\ndef safe(c: Client, p: str) -> bool:\n    try:\n        c.fetch(p)\n    except NetError:\n        return False\n    return True\n",
            )
        ],
        "from client import Client\nfrom wire import FakeWire\nassert Client(FakeWire(),'t').ping()",
        "from safe import safe\nfrom client import Client\nfrom wire import FakeWire\nassert safe(Client(FakeWire(),'t'),'/')",
    ),
    two(
        "a concrete method above, a new subclass",
        "net",
        [
            (
                "wire.py",
                "    def count(self) -> int:",
                "    def first(self) -> int:\n        return self.rows()[0]\n\n    def count(self) -> int:",
            )
        ],
        [
            (
                "ranges.py",
                NEW,
                "from wire import Source\n\n\nclass Range(Source):\n    def __init__(self, n: int) -> None:\n        self.n = n\n\n    def rows(self) -> list[int]:\n        return list(range(self.n))\n",
            )
        ],
        "from wire import Fixed; assert Fixed([4]).first()==4",
        "from ranges import Range; assert Range(3).count()==3",
    ),
    two(
        "both log",
        "shop",
        [
            (
                "order.py",
                "from money import Money\n",
                "import logging\n\nfrom money import Money\n\nlogger = logging.getLogger(__name__)\n",
            ),
            (
                "order.py",
                "        return with_vat(self.net(), self.country)",
                '        logger.debug("gross")\n        return with_vat(self.net(), self.country)',
            ),
        ],
        [
            (
                "rates.py",
                "from money import Money\n",
                "import logging\n\nfrom money import Money\n\nlogger = logging.getLogger(__name__)\n",
            ),
            ("rates.py", "    return net + net", '    logger.debug("vat")\n    return net + net'),
        ],
        "from order import Order; assert Order('1','DE').gross().cents==0",
        "from rates import with_vat\nfrom money import Money\nassert with_vat(Money(100),'DE').cents==119",
    ),
    two(
        "one import in two files",
        "library",
        [
            ("texts.py", "import re\n", "import re\nimport textwrap\n"),
            ("texts.py", "def tidy(", "def wrap(t: str) -> list[str]:\n    return textwrap.wrap(t, 3)\n\n\ndef tidy("),
        ],
        [
            ("report.py", "from catalogue", "import textwrap\nfrom catalogue"),
            (
                "report.py",
                "def listing",
                'def indent(t: str) -> str:\n    return textwrap.indent(t, " ")\n\n\ndef listing',
            ),
        ],
        "from texts import wrap; assert wrap('a')==['a']",
        "from report import indent; assert indent('a')==' a'",
    ),
    two(
        "two soft look-ups of what there is",
        "net",
        [
            (
                "client.py",
                "    def close(self)",
                '    def is_open(self) -> bool:\n        return self.token != ""\n\n    def close(self)',
            )
        ],
        [("pool.py", NEW, 'def tokens(clients):\n    return [getattr(c, "token", "") for c in clients]\n')],
        "from client import Client\nfrom wire import FakeWire\nassert Client(FakeWire(),'t').is_open()",
        "from pool import tokens; assert tokens([3])==['']",
    ),
    two(
        "a soft look-up of a thing of its own",
        "site",
        [("settings.py", '    "timeout": 30,\n', '    "timeout": 30,\n    "retries": 3,\n')],
        [("theme.py", NEW, 'def colour(settings):\n    return settings.get("theme", "light")\n')],
        "from settings import load; assert load()['retries']==3",
        "from theme import colour\nfrom settings import load\nassert colour(load())=='light'",
    ),
    two(
        "none stays none, and is asked for",
        "site",
        [
            (
                "store.py",
                "def find(user_id):\n    return _users.get(user_id)",
                'def find(user_id):\n    user = _users.get(user_id)\n    if user is not None:\n        user["seen"] = True\n    return user',
            )
        ],
        [
            (
                "merge.py",
                NEW,
                'import store\n\n\ndef ensure(user_id, name):\n    user = store.find(user_id)\n    if user is None:\n        user = store.save(name, "")\n    return user\n',
            )
        ],
        "import store; store.reset(); assert store.find(3) is None",
        "import store, merge; store.reset(); assert merge.ensure(5,'a')['name']=='a'",
    ),
    two(
        "an enum grows, one member is asked for",
        "library",
        [("models.py", '    GONE = "gone"\n', '    GONE = "gone"\n    HELD = "held"\n')],
        [
            (
                "lent.py",
                NEW,
                "from models import Book, State\n\n\ndef is_lent(b: Book) -> bool:\n    return b.state is State.LENT\n",
            )
        ],
        "from models import State; assert State.HELD",
        "from lent import is_lent\nfrom models import Book\nassert not is_lent(Book('1','t',1))",
    ),
    two(
        "a message is worded otherwise",
        "library",
        [("report.py", 'return "== " + title + " =="', 'return "## " + title + " ##"')],
        [("page.py", NEW, 'from report import header\n\n\ndef page(t: str) -> str:\n    return header(t) + "!"\n')],
        "from report import header; assert header('a')=='## a ##'",
        "from page import page; assert page('a').endswith('!')",
    ),
    two(
        "a default changes, the caller gives its own",
        "library",
        [("catalogue.py", "limit: int = 10", "limit: int = 5")],
        [
            (
                "hits.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef hits(c: Catalogue, t: str) -> int:\n    return len(c.search(t, limit=100))\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().search('a')==[]",
        "from hits import hits\nfrom catalogue import Catalogue\nassert hits(Catalogue(),'a')==0",
    ),
    two(
        "a value is stored with more, read as before",
        "shop",
        [
            ("books.py", '["account", "amount", "note"])', '["account", "amount", "note", "day"], defaults=[0])'),
        ],
        [("notes.py", NEW, "def notes(books):\n    return [e.note for e in books.entries]\n")],
        "from books import Books\nb=Books(); b.post('a',1); assert b.last().day==0",
        "from notes import notes\nfrom books import Books\nb=Books(); b.post('a',1,'x'); assert notes(b)==['x']",
    ),
    two(
        "a test for a type, a new subclass",
        "net",
        [
            (
                "errors.py",
                "def can_retry(error: NetError) -> bool:\n",
                "def can_retry(error: NetError) -> bool:\n    if isinstance(error, AuthError):\n        return False\n",
            )
        ],
        [
            (
                "slow.py",
                NEW,
                'from errors import NetError, can_retry\n\n\nclass SlowError(NetError):\n    pass\n\n\ndef retry_slow() -> bool:\n    return can_retry(SlowError(503, "/"))\n',
            )
        ],
        "from errors import AuthError, can_retry; assert not can_retry(AuthError(500,'/'))",
        "from slow import retry_slow; assert retry_slow()",
    ),
    two(
        "docstrings and types only",
        "library",
        [
            (
                "texts.py",
                "def minutes(pages: int) -> int:\n",
                'def minutes(pages: int) -> int:\n    """How long reading takes."""\n',
            )
        ],
        [
            (
                "plan.py",
                NEW,
                "from texts import minutes\n\n\ndef hours(pages: int) -> float:\n    return minutes(pages) / 60\n",
            )
        ],
        "from texts import minutes; assert minutes.__doc__",
        "from plan import hours; assert hours(30)==1",
    ),
    two(
        "a class is split, the old name stays",
        "shop",
        [
            (
                "money.py",
                "class Money:\n    def __init__",
                "class Amount:\n    def plain(self):\n        return self.cents\n\n\nclass Money(Amount):\n    def __init__",
            )
        ],
        [("show.py", NEW, "from money import Money\n\n\ndef euros(cents):\n    return Money(cents).cents / 100\n")],
        "from money import Money; assert Money(3).plain()==3",
        "from show import euros; assert euros(100)==1",
    ),
    two(
        "a renamed method keeps its old name",
        "shop",
        [
            ("books.py", "    def balance(self, account):", "    def total(self, account):"),
            ("books.py", "    def accounts(self)", "    balance = total\n\n    def accounts(self)"),
        ],
        [("over.py", NEW, "def overdrawn(books):\n    return [a for a in books.accounts() if books.balance(a) < 0]\n")],
        "from books import Books; assert Books().total('x')==0",
        "from over import overdrawn\nfrom books import Books\nb=Books(); b.post('a',-1)\nassert overdrawn(b)==['a']",
    ),
    two(
        "a moved function is imported where it was",
        "library",
        [
            ("layout.py", NEW, "def header(title):\n    return '== ' + title + ' =='\n"),
            ("report.py", 'def header(title: str) -> str:\n    return "== " + title + " =="\n', ""),
            (
                "report.py",
                "from catalogue import Catalogue\n",
                "from catalogue import Catalogue\nfrom layout import header\n",
            ),
        ],
        [("page.py", NEW, "from report import header\n\n\ndef page(t):\n    return header(t) + '!'\n")],
        "from layout import header; assert header('a')=='== a =='",
        "from page import page; assert page('a')=='== a ==!'",
    ),
    two(
        "a new listener, a new sender of another event",
        "site",
        [("store.py", "def remove(user_id):\n", 'def remove(user_id):\n    emit("user.removed", user_id)\n')],
        [("audit.py", NEW, 'from bus import on\n\nseen = []\n\n\ndef start():\n    on("user.saved", seen.append)\n')],
        "import bus, store\nbus.clear(); got=[]\nbus.on('user.removed', got.append); store.remove(1); assert got==[1]",
        "import bus, store, audit\nbus.clear(); audit.start(); store.save('a','m'); assert audit.seen",
    ),
    two(
        "the same fix on both sides",
        "library",
        [("texts.py", "    return pages * 2", "    return max(pages, 0) * 2")],
        [
            (
                "plan.py",
                NEW,
                "from texts import minutes\n\n\ndef hours(pages: int) -> float:\n    return max(minutes(pages), 0) / 60\n",
            )
        ],
        "from texts import minutes; assert minutes(-1)==0",
        "from plan import hours; assert hours(30)==1",
    ),
]
