"""Two changes that each work and together do not."""

from checks.semantic.case import Case, Edit

NEW = ""


def two(name: str, project: str, ours: list[Edit], theirs: list[Edit], our_test: str, their_test: str) -> Case:
    return Case(name, project, True, ours, theirs, our_test, their_test)


CONFLICTS = [
    # Names.
    two(
        "a method is renamed, a new caller is typed",
        "library",
        [("catalogue.py", "def need(", "def fetch(")],
        [
            (
                "ops.py",
                NEW,
                "from catalogue import Catalogue\ndef title(c: Catalogue, i: str) -> str:\n    return c.need(i).title\n",
            )
        ],
        "from catalogue import Catalogue\nassert hasattr(Catalogue, 'fetch')",
        "from ops import title\nfrom catalogue import Catalogue\nfrom models import Book\nassert title(Catalogue().add(Book('1','x',3)),'1')=='x'",
    ),
    two(
        "a method is renamed, a new caller has no types",
        "shop",
        [
            ("books.py", "def balance(", "def total("),
        ],
        [("over.py", NEW, "def overdrawn(books):\n    return [a for a in books.accounts() if books.balance(a) < 0]\n")],
        "from books import Books\nassert Books().total('x') == 0",
        "from over import overdrawn\nfrom books import Books\nb=Books(); b.post('a',-1)\nassert overdrawn(b)==['a']",
    ),
    two(
        "a module function is renamed behind a module alias",
        "site",
        [("store.py", "def everybody(", "def all_users("), ("pages.py", "store.everybody()", "store.all_users()")],
        [("export.py", NEW, "import store as s\n\n\ndef names():\n    return [u['name'] for u in s.everybody()]\n")],
        "import store; assert store.all_users() == []",
        "import store, export\nstore.reset(); store.save('a','m'); assert export.names()==['a']",
    ),
    two(
        "a dataclass field is renamed, a keyword makes it",
        "library",
        [("models.py", "    pages: int\n", "    length: int\n"), ("catalogue.py", "sum(book.pages", "sum(book.length")],
        [
            (
                "fakes.py",
                NEW,
                "from models import Book\n\n\ndef thin() -> Book:\n    return Book(isbn='1', title='t', pages=1)\n",
            )
        ],
        "from models import Book; assert Book('1','t',2).length == 2",
        "from fakes import thin; assert thin().isbn == '1'",
    ),
    two(
        "an enum member is renamed",
        "library",
        [("models.py", '    GONE = "gone"', '    LOST = "gone"')],
        [
            (
                "clean.py",
                NEW,
                "from models import Book, State\n\n\ndef is_gone(b: Book) -> bool:\n    return b.state is State.GONE\n",
            )
        ],
        "from models import State; assert State.LOST",
        "from clean import is_gone\nfrom models import Book\nassert not is_gone(Book('1','t',1))",
    ),
    two(
        "a module moves",
        "library",
        [
            ("report.py", LIB := "from __future__ import annotations\nfrom catalogue import Catalogue\n", LIB),
            ("layout.py", NEW, "def header(title):\n    return '== ' + title + ' =='\n"),
            (
                "report.py",
                'def header(title: str) -> str:\n    return "== " + title + " =="\n',
                "from layout import header as _header\n",
            ),
            ("report.py", 'header("books")', '_header("books")'),
        ],
        [("page.py", NEW, "from report import header\n\n\ndef page(t):\n    return header(t) + '!'\n")],
        "import layout, report\nfrom catalogue import Catalogue\nassert report.listing(Catalogue()).startswith('==')",
        "from page import page; assert page('a') == '== a ==!'",
    ),
    two(
        "a helper is deleted as unused",
        "library",
        [
            (
                "texts.py",
                'def pair(text: str) -> tuple[str, str]:\n    head, _, tail = text.partition("=")\n    return head, tail\n\n\n',
                "",
            )
        ],
        [("conf.py", NEW, "from texts import pair\n\n\ndef read(lines):\n    return dict(pair(x) for x in lines)\n")],
        "import texts; assert not hasattr(texts, 'pair')",
        "from conf import read; assert read(['a=b'])=={'a':'b'}",
    ),
    two(
        "an import is dropped that a new function of the file needs",
        "library",
        [
            ("texts.py", "import re\n\n", "\n"),
            ("texts.py", 're.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")', '"-".join(text.lower().split())'),
        ],
        [
            (
                "texts.py",
                "def minutes(",
                'def words(text: str) -> int:\n    return len(re.findall(r"\\w+", text))\n\n\ndef minutes(',
            )
        ],
        "from texts import slug; assert slug('A b')=='a-b'",
        "from texts import words; assert words('a b')==2",
    ),
    two(
        "an event is renamed, a new listener waits for the old one",
        "site",
        [("store.py", '"user.saved"', '"user.stored"')],
        [("audit.py", NEW, 'from bus import on\n\nseen = []\non("user.saved", seen.append)\n')],
        "from bus import on, clear\nimport store\nclear(); got=[]\non('user.stored', got.append); store.save('a','m'); assert got",
        "import bus; bus.clear()\nimport importlib, audit; importlib.reload(audit)\nimport store; store.save('a','m'); assert audit.seen",
    ),
    two(
        "a key of a record is renamed",
        "site",
        [("store.py", '"mail": mail', '"email": mail')],
        [("post.py", NEW, 'import store\n\n\ndef addresses():\n    return [u["mail"] for u in store.everybody()]\n')],
        "import store; assert store.save('a','m')['email']=='m'",
        "import store, post\nstore.reset(); store.save('a','m'); assert post.addresses()==['m']",
    ),
    two(
        "a key of a summary is renamed",
        "shop",
        [("order.py", '"net": self.net().cents', '"net_cents": self.net().cents')],
        [("show.py", NEW, 'def show(order):\n    s = order.summary()\n    return "%s %d" % (s["number"], s["net"])\n')],
        "from order import Order; assert Order('1','DE').summary()['net_cents']==0",
        "from show import show\nfrom order import Order\nassert show(Order('1','DE'))=='1 0'",
    ),
    two(
        "a setting is renamed",
        "site",
        [("settings.py", '"timeout": 30', '"timeout_s": 30')],
        [("wait.py", NEW, 'from settings import load\n\n\ndef limit():\n    return load()["timeout"] * 2\n')],
        "from settings import load; assert load()['timeout_s']==30",
        "from wait import limit; assert limit()==60",
    ),
    two(
        "a plug-in is renamed, a list names the old one",
        "site",
        [("plugins.py", '@plugin("unique")\ndef unique', '@plugin("distinct")\ndef distinct')],
        [
            (
                "chains.py",
                NEW,
                'from plugins import run\n\nCHAIN = ["upper", "unique"]\n\n\ndef chain(rows):\n    for name in CHAIN:\n        rows = run(name, rows)\n    return rows\n',
            )
        ],
        "from plugins import run; assert run('distinct',['a','a'])==['a']",
        "from chains import chain; assert chain(['a','a'])==['A']",
    ),
    two(
        "a status is spelled otherwise",
        "shop",
        [("order.py", 'self.status = "closed"', 'self.status = "done"')],
        [("filters.py", NEW, 'def closed(orders):\n    return [o for o in orders if o.status == "closed"]\n')],
        "from order import Order\no=Order('1','DE'); o.close(); assert o.status=='done'",
        "from filters import closed\nfrom order import Order\no=Order('1','DE'); o.close(); assert closed([o])==[o]",
    ),
    # Signatures.
    two(
        "a parameter is added without default",
        "shop",
        [
            (
                "rates.py",
                "def vat_for(country):\n    return VAT[country]",
                "def vat_for(country, year):\n    return VAT[country] + (0.01 if year > 2030 else 0)",
            ),
            ("rates.py", "vat_for(country))", "vat_for(country, 2025))"),
        ],
        [("label.py", NEW, "from rates import vat_for\n\n\ndef percent(c):\n    return round(vat_for(c) * 100)\n")],
        "from rates import vat_for; assert vat_for('DE', 2000)==0.19",
        "from label import percent; assert percent('DE')==19",
    ),
    two(
        "two parameters change places",
        "shop",
        [("books.py", "def post(self, account, amount, note", "def post(self, amount, account, note")],
        [("pay.py", NEW, 'def pay(books, cents):\n    books.post("cash", cents)\n    return books.balance("cash")\n')],
        "from books import Books\nb=Books(); b.post(5,'c'); assert b.balance('c')==5",
        "from pay import pay\nfrom books import Books\nassert pay(Books(), 3)==3",
    ),
    two(
        "a parameter becomes keyword only",
        "library",
        [("catalogue.py", "text: str, limit: int = 10", "text: str, *, limit: int = 10")],
        [
            (
                "first.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef first(c: Catalogue, t: str):\n    return c.search(t, 1)\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().search('a', limit=1)==[]",
        "from first import first\nfrom catalogue import Catalogue\nassert first(Catalogue(),'x')==[]",
    ),
    two(
        "a keyword is renamed",
        "library",
        [
            (
                "texts.py",
                "def shorten(text: str, width: int = WIDTH) -> str:\n    return text if len(text) <= width else text[: width - 1]",
                "def shorten(text: str, limit: int = WIDTH) -> str:\n    return text if len(text) <= limit else text[: limit - 1]",
            )
        ],
        [("cells.py", NEW, "from texts import shorten\n\n\ndef cell(t):\n    return shorten(t, width=3)\n")],
        "from texts import shorten; assert shorten('abcd', limit=2)=='a~'",
        "from cells import cell; assert cell('abcd')=='ab~'",
    ),
    two(
        "a constructor needs more",
        "net",
        [
            (
                "client.py",
                "wire: Wire, token: str, tries: int = 2) -> None:\n        self.wire = wire",
                "wire: Wire, token: str, agent: str, tries: int = 2) -> None:\n        self.agent = agent\n        self.wire = wire",
            )
        ],
        [
            (
                "make.py",
                NEW,
                'from client import Client\nfrom wire import FakeWire\n\n\ndef make() -> Client:\n    return Client(FakeWire(), "t")\n',
            )
        ],
        "from client import Client\nfrom wire import FakeWire\nassert Client(FakeWire(),'t','a').agent=='a'",
        "from make import make; assert make().token=='t'",
    ),
    two(
        "a function becomes a property",
        "library",
        [("catalogue.py", "    def pages(self) -> int:", "    @property\n    def pages(self) -> int:")],
        [
            (
                "size.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef size(c: Catalogue) -> int:\n    return c.pages() + 1\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().pages == 0",
        "from size import size\nfrom catalogue import Catalogue\nassert size(Catalogue())==1",
    ),
    two(
        "a function becomes async",
        "net",
        [("client.py", "    def ping(self)", "    async def ping(self)")],
        [
            (
                "health.py",
                NEW,
                'from client import Client\n\n\ndef healthy(c: Client) -> str:\n    return "up" if c.ping() is True else "down"\n',
            )
        ],
        "import inspect\nfrom client import Client\nassert inspect.iscoroutinefunction(Client.ping)",
        "from health import healthy\nfrom client import Client\nfrom wire import FakeWire\nimport warnings\nwarnings.simplefilter('ignore')\nassert healthy(Client(FakeWire(),'t'))=='up'",
    ),
    # Types.
    two(
        "a list becomes a generator and is measured",
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
                "count.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef many(c: Catalogue) -> int:\n    return len(c.all())\n",
            )
        ],
        "from catalogue import Catalogue; assert list(Catalogue().all())==[]",
        "from count import many\nfrom catalogue import Catalogue\nassert many(Catalogue())==0",
    ),
    two(
        "a list becomes an iterator and is gone through twice",
        "site",
        [("store.py", "return list(_users.values())", "return iter(_users.values())")],
        [
            (
                "mean.py",
                NEW,
                'import store\n\n\ndef span():\n    users = store.everybody()\n    low = min(u["id"] for u in users)\n    return max(u["id"] for u in users) - low\n',
            )
        ],
        "import store; store.reset(); assert list(store.everybody())==[]",
        "import store, mean\nstore.reset(); store.save('a','m'); store.save('b','m'); assert mean.span()==1",
    ),
    two(
        "cents become money",
        "shop",
        [
            (
                "books.py",
                "from collections import namedtuple\n",
                "from collections import namedtuple\nfrom money import Money\n",
            ),
            (
                "books.py",
                "return sum(e.amount for e in self.entries if e.account == account)",
                "return Money(sum(e.amount for e in self.entries if e.account == account))",
            ),
        ],
        [("over.py", NEW, "def rich(books):\n    return [a for a in books.accounts() if books.balance(a) > 100]\n")],
        "from books import Books\nfrom money import Money\nassert Books().balance('x')==Money(0)",
        "from over import rich\nfrom books import Books\nb=Books(); b.post('a',101); assert rich(b)==['a']",
    ),
    two(
        "a tuple grows and is unpacked",
        "library",
        [
            (
                "texts.py",
                'def pair(text: str) -> tuple[str, str]:\n    head, _, tail = text.partition("=")\n    return head, tail',
                'def pair(text: str) -> tuple[str, str, bool]:\n    head, sign, tail = text.partition("=")\n    return head, tail, bool(sign)',
            )
        ],
        [
            (
                "conf.py",
                NEW,
                "from texts import pair\n\n\ndef key(t: str) -> str:\n    name, value = pair(t)\n    return name\n",
            )
        ],
        "from texts import pair; assert pair('a=b')==('a','b',True)",
        "from conf import key; assert key('a=b')=='a'",
    ),
    two(
        "named tuples become a class and are unpacked",
        "shop",
        [
            (
                "books.py",
                'from collections import namedtuple\n\nEntry = namedtuple("Entry", ["account", "amount", "note"])',
                "class Entry:\n    def __init__(self, account, amount, note):\n        self.account = account\n        self.amount = amount\n        self.note = note",
            )
        ],
        [("rows.py", NEW, "def rows(books):\n    return [a + n for a, _, n in books.entries]\n")],
        "from books import Books\nb=Books(); b.post('a',1); assert b.last().account=='a'",
        "from rows import rows\nfrom books import Books\nb=Books(); b.post('a',1,'x'); assert rows(b)==['ax']",
    ),
    two(
        "a class becomes frozen",
        "library",
        [
            ("models.py", "@dataclass\nclass Book", "@dataclass(frozen=True)\nclass Book"),
            (
                "catalogue.py",
                "        book.state = State.LENT\n",
                "        from dataclasses import replace\n        self._books[isbn] = replace(book, state=State.LENT)\n",
            ),
        ],
        [
            (
                "mend.py",
                NEW,
                "from models import Book\n\n\ndef retitle(b: Book, t: str) -> Book:\n    b.title = t\n    return b\n",
            )
        ],
        "from models import Book\ntry:\n    Book('1','t',1).title='x'\nexcept Exception: pass\nelse: raise SystemError",
        "from mend import retitle\nfrom models import Book\nassert retitle(Book('1','t',1),'x').title=='x'",
    ),
    two(
        "a fluent method returns nothing",
        "library",
        [
            (
                "catalogue.py",
                "    def add(self, book: Book) -> Catalogue:\n        self._books[book.isbn] = book\n        return self",
                "    def add(self, book: Book) -> None:\n        self._books[book.isbn] = book",
            )
        ],
        [
            (
                "fill.py",
                NEW,
                'from catalogue import Catalogue\nfrom models import Book\n\n\ndef two() -> Catalogue:\n    return Catalogue().add(Book("1", "a", 1)).add(Book("2", "b", 1))\n',
            )
        ],
        "from catalogue import Catalogue\nfrom models import Book\nassert Catalogue().add(Book('1','a',1)) is None",
        "from fill import two; assert two().pages()==2",
    ),
    two(
        "an id becomes a text",
        "site",
        [("store.py", '"id": _next[0]', '"id": str(_next[0])')],
        [("after.py", NEW, 'import store\n\n\ndef following(user):\n    return user["id"] + 1\n')],
        "import store; store.reset(); assert store.save('a','m')['id']=='1'",
        "import store, after\nstore.reset(); assert after.following(store.save('a','m'))==2",
    ),
    two(
        "a new abstract method, a new subclass without it",
        "net",
        [
            (
                "wire.py",
                "    def count(self) -> int:",
                "    @abstractmethod\n    def close(self) -> None: ...\n\n    def count(self) -> int:",
            ),
            (
                "wire.py",
                "    def rows(self) -> list[int]:\n        return list(self.data)",
                "    def rows(self) -> list[int]:\n        return list(self.data)\n\n    def close(self) -> None:\n        self.data = []",
            ),
        ],
        [
            (
                "ranges.py",
                NEW,
                "from wire import Source\n\n\nclass Range(Source):\n    def __init__(self, n: int) -> None:\n        self.n = n\n\n    def rows(self) -> list[int]:\n        return list(range(self.n))\n",
            )
        ],
        "from wire import Fixed; f=Fixed([1]); f.close(); assert f.count()==0",
        "from ranges import Range; assert Range(3).count()==3",
    ),
    two(
        "an overridden method is renamed above",
        "net",
        [
            ("wire.py", "    def rows(self) -> list[int]: ...", "    def items(self) -> list[int]: ..."),
            ("wire.py", "len(self.rows())", "len(self.items())"),
            (
                "wire.py",
                "    def rows(self) -> list[int]:\n        return list",
                "    def items(self) -> list[int]:\n        return list",
            ),
        ],
        [
            (
                "ranges.py",
                NEW,
                "from wire import Source\n\n\nclass Range(Source):\n    def __init__(self, n: int) -> None:\n        self.n = n\n\n    def rows(self) -> list[int]:\n        return list(range(self.n))\n",
            )
        ],
        "from wire import Fixed; assert Fixed([1]).count()==1",
        "from ranges import Range; assert Range(3).count()==3",
    ),
    two(
        "handlers return three values, a new one two",
        "site",
        [
            (
                "routes.py",
                "    return function(request)",
                "    status, body, headers = function(request)\n    return status, body",
            ),
            ("routes.py", 'return 404, {"error": "nothing here"}', 'return 404, {"error": "nothing"}'),
            ("pages.py", 'return 200, {"users": store.everybody()}', 'return 200, {"users": store.everybody()}, {}'),
            ("pages.py", 'return 404, {"error": "no such user"}', 'return 404, {"error": "no such user"}, {}'),
            ("pages.py", "return 200, user", "return 200, user, {}"),
        ],
        [
            (
                "admin.py",
                NEW,
                'from routes import route\n\n\n@route("/version")\ndef version(request):\n    return 200, {"version": 1}\n',
            )
        ],
        "import pages\nfrom routes import call\nassert call('GET','/users',{})[0]==200",
        "import admin\nfrom routes import call\nassert call('GET','/version',{})[0]==200",
    ),
    two(
        "plug-ins take a context, a new one does not",
        "site",
        [
            (
                "plugins.py",
                "def run(name, rows):\n    return _plugins[name](rows)",
                "def run(name, rows, context=None):\n    return _plugins[name](rows, context)",
            ),
            ("plugins.py", "def upper(rows)", "def upper(rows, context)"),
            ("plugins.py", "def unique(rows)", "def unique(rows, context)"),
        ],
        [("extra.py", NEW, 'from plugins import plugin\n\n\n@plugin("last")\ndef last(rows):\n    return rows[-1:]\n')],
        "from plugins import run; assert run('upper',['a'])==['A']",
        "import extra\nfrom plugins import run\nassert run('last',['a','b'])==['b']",
    ),
    two(
        "listeners are called with the name, a new one takes the payload alone",
        "site",
        [("bus.py", "handler(payload)", "handler(name, payload)")],
        [
            (
                "mails.py",
                NEW,
                'from bus import on\n\nsent = []\n\n\ndef welcome(user):\n    sent.append(user["mail"])\n\n\ndef start():\n    on("user.saved", welcome)\n',
            )
        ],
        "from bus import on, emit, clear\nclear(); got=[]\non('a', lambda n, p: got.append(n)); emit('a', 1); assert got==['a']",
        "import bus, mails, store\nbus.clear(); mails.start(); store.save('a','m'); assert mails.sent==['m']",
    ),
    two(
        "an exception class loses its base",
        "net",
        [
            ("errors.py", "class AuthError(NetError):\n    pass", "class AuthError(Exception):\n    pass"),
            (
                "client.py",
                '        if reply["status"] >= 400:',
                '        if reply["status"] == 401:\n            raise AuthError(path)\n        if reply["status"] >= 400:',
            ),
            ("client.py", "from errors import NetError", "from errors import AuthError, NetError"),
        ],
        [
            (
                "safe.py",
                NEW,
                'from client import Client\nfrom errors import AuthError, NetError\n\n\ndef check(token: str) -> None:\n    if not token:\n        raise AuthError(401, "/")\n\n\ndef safe(token: str) -> bool:\n    try:\n        check(token)\n    except NetError:\n        return False\n    return True\n',
            )
        ],
        "from errors import AuthError, NetError; assert not issubclass(AuthError, NetError)",
        "from safe import safe; assert safe('') is False",
    ),
    # Behaviour.
    two(
        "none becomes an exception",
        "site",
        [
            (
                "store.py",
                "    return _users.get(user_id)",
                "    if user_id not in _users:\n        raise KeyError(user_id)\n    return _users[user_id]",
            ),
            (
                "pages.py",
                '    user = store.find(request["id"])\n    if user is None:\n',
                '    try:\n        user = store.find(request["id"])\n    except KeyError:\n',
            ),
        ],
        [
            (
                "merge.py",
                NEW,
                'import store\n\n\ndef ensure(user_id, name):\n    user = store.find(user_id)\n    if user is None:\n        user = store.save(name, "")\n    return user\n',
            )
        ],
        "import store; store.reset()\ntry:\n    store.find(9)\nexcept KeyError: pass\nelse: raise SystemError",
        "import store, merge; store.reset(); assert merge.ensure(5,'a')['name']=='a'",
    ),
    two(
        "false becomes an exception",
        "library",
        [("catalogue.py", "            return False\n", "            raise Missing(isbn)\n")],
        [
            (
                "desk.py",
                NEW,
                'from catalogue import Catalogue\n\n\ndef lend(c: Catalogue, isbn: str) -> str:\n    if not c.lend(isbn):\n        return "no"\n    return "yes"\n',
            )
        ],
        "from catalogue import Catalogue, Missing\ntry:\n    Catalogue().lend('1')\nexcept Missing: pass\nelse: raise SystemError",
        "from desk import lend\nfrom catalogue import Catalogue\nassert lend(Catalogue(),'1')=='no'",
    ),
    two(
        "an exception becomes none",
        "library",
        [
            (
                "catalogue.py",
                "    def need(self, isbn: str) -> Book:\n        book = self._books.get(isbn)\n        if book is None:\n            raise Missing(isbn)\n        return book",
                "    def need(self, isbn: str) -> Optional[Book]:\n        return self._books.get(isbn)",
            )
        ],
        [
            (
                "desk.py",
                NEW,
                'from catalogue import Catalogue, Missing\n\n\ndef title(c: Catalogue, isbn: str) -> str:\n    try:\n        return c.need(isbn).title\n    except Missing:\n        return "?"\n',
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().need('1') is None",
        "from desk import title\nfrom catalogue import Catalogue\nassert title(Catalogue(),'1')=='?'",
    ),
    two(
        "another exception is raised",
        "library",
        [("catalogue.py", "            raise Missing(isbn)", "            raise LookupError(isbn)")],
        [
            (
                "desk.py",
                NEW,
                "from catalogue import Catalogue, Missing\n\n\ndef known(c: Catalogue, isbn: str) -> bool:\n    try:\n        c.need(isbn)\n    except Missing:\n        return False\n    return True\n",
            )
        ],
        "from catalogue import Catalogue\ntry:\n    Catalogue().need('1')\nexcept LookupError: pass\nelse: raise SystemError",
        "from desk import known\nfrom catalogue import Catalogue\nassert known(Catalogue(),'1') is False",
    ),
    two(
        "an order is turned round",
        "library",
        [("catalogue.py", "return sorted(self._books)", "return sorted(self._books, reverse=True)")],
        [
            (
                "ends.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef lowest(c: Catalogue) -> str:\n    return c.isbns()[0]\n",
            )
        ],
        "from catalogue import Catalogue\nfrom models import Book\nc=Catalogue().add(Book('1','a',1)).add(Book('2','b',1)); assert c.isbns()==['2','1']",
        "from ends import lowest\nfrom catalogue import Catalogue\nfrom models import Book\nassert lowest(Catalogue().add(Book('1','a',1)).add(Book('2','b',1)))=='1'",
    ),
    two(
        "an order is given up",
        "shop",
        [
            (
                "books.py",
                "return sorted({e.account for e in self.entries})",
                "return list(dict.fromkeys(e.account for e in self.entries))",
            )
        ],
        [("ends.py", NEW, "def least(books):\n    names = books.accounts()\n    return names[0]\n")],
        "from books import Books\nb=Books(); b.post('z',1); b.post('a',1); assert b.accounts()==['z','a']",
        "from ends import least\nfrom books import Books\nb=Books(); b.post('z',1); b.post('a',1); assert least(b)=='a'",
    ),
    two(
        "a copy becomes the thing itself and is emptied",
        "site",
        [
            ("store.py", "_users = {}\n", "_users = {}\n_listed = []\n"),
            (
                "store.py",
                '    _users[user["id"]] = user\n',
                '    _users[user["id"]] = user\n    _listed.append(user)\n',
            ),
            ("store.py", "return list(_users.values())", "return _listed"),
            ("store.py", "    _users.clear()\n", "    _users.clear()\n    _listed.clear()\n"),
        ],
        [
            (
                "drain.py",
                NEW,
                'import store\n\n\ndef drain():\n    users = store.everybody()\n    names = []\n    while users:\n        names.append(users.pop()["name"])\n    return names, len(store.everybody())\n',
            )
        ],
        "import store; store.reset(); store.save('a','m'); assert len(store.everybody())==1",
        "import store, drain\nstore.reset(); store.save('a','m'); assert drain.drain()==(['a'],1)",
    ),
    two(
        "in place becomes a new list",
        "library",
        [
            (
                "texts.py",
                "def tidy(rows: list[str]) -> None:\n    rows.sort()",
                "def tidy(rows: list[str]) -> list[str]:\n    return sorted(rows)",
            )
        ],
        [
            (
                "lists.py",
                NEW,
                "from texts import tidy\n\n\ndef ordered(rows):\n    rows = list(rows)\n    tidy(rows)\n    return rows\n",
            )
        ],
        "from texts import tidy; assert tidy(['b','a'])==['a','b']",
        "from lists import ordered; assert ordered(['b','a'])==['a','b']",
    ),
    two(
        "a text gets another separator",
        "library",
        [
            (
                "texts.py",
                're.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")',
                're.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")',
            )
        ],
        [
            (
                "parts.py",
                NEW,
                'from texts import slug\n\n\ndef parts(t: str) -> list[str]:\n    return slug(t).split("-")\n',
            )
        ],
        "from texts import slug; assert slug('A b')=='a_b'",
        "from parts import parts; assert parts('A b')==['a','b']",
    ),
    two(
        "a text gets another form and is taken apart",
        "library",
        [("models.py", 'f"{self.isbn}: {self.title}"', 'f"{self.title} ({self.isbn})"')],
        [
            (
                "back.py",
                NEW,
                'from models import Book\n\n\ndef isbn(b: Book) -> str:\n    return b.label().split(": ")[0]\n',
            )
        ],
        "from models import Book; assert Book('1','t',1).label()=='t (1)'",
        "from back import isbn\nfrom models import Book\nassert isbn(Book('1','t',1))=='1'",
    ),
    two(
        "minutes become seconds",
        "library",
        [("texts.py", "    return pages * 2", "    return pages * 120")],
        [
            (
                "plan.py",
                NEW,
                "from texts import minutes\n\n\ndef hours(pages: int) -> float:\n    return minutes(pages) / 60\n",
            )
        ],
        "from texts import minutes; assert minutes(1)==120",
        "from plan import hours; assert hours(30)==1",
    ),
    two(
        "percent instead of a fraction",
        "shop",
        [
            ("rates.py", 'VAT = {"DE": 0.19, "FR": 0.2}', 'VAT = {"DE": 19, "FR": 20}'),
            ("rates.py", "net.scaled(vat_for(country))", "net.scaled(vat_for(country) / 100)"),
        ],
        [
            (
                "label.py",
                NEW,
                'from rates import vat_for\n\n\ndef percent(c):\n    return "%d%%" % round(vat_for(c) * 100)\n',
            )
        ],
        "from rates import with_vat\nfrom money import Money\nassert with_vat(Money(100),'DE').cents==119",
        "from label import percent; assert percent('DE')=='19%'",
    ),
    two(
        "a constant changes its unit",
        "library",
        [("texts.py", "WIDTH = 40", "WIDTH = 400"), ("texts.py", "width: int = WIDTH", "width: int = WIDTH // 10")],
        [("rule.py", NEW, 'from texts import WIDTH\n\n\ndef rule() -> str:\n    return "-" * WIDTH\n')],
        "from texts import shorten; assert len(shorten('a'*50))==40",
        "from rule import rule; assert len(rule())==40",
    ),
    two(
        "a default changes",
        "library",
        [("catalogue.py", "limit: int = 10", "limit: int = 1")],
        [
            (
                "hits.py",
                NEW,
                "from catalogue import Catalogue\n\n\ndef hits(c: Catalogue, t: str) -> int:\n    return len(c.search(t))\n",
            )
        ],
        "from catalogue import Catalogue\nfrom models import Book\nassert len(Catalogue().add(Book('1','a',1)).add(Book('2','a',1)).search('a'))==1",
        "from hits import hits\nfrom catalogue import Catalogue\nfrom models import Book\nassert hits(Catalogue().add(Book('1','a',1)).add(Book('2','a',1)),'a')==2",
    ),
    two(
        "some are left out, and asked for",
        "library",
        [
            (
                "catalogue.py",
                "        return list(self._books.values())",
                "        return [b for b in self._books.values() if b.state is not State.GONE]",
            )
        ],
        [
            (
                "gone.py",
                NEW,
                "from catalogue import Catalogue\nfrom models import State\n\n\ndef gone(c: Catalogue) -> int:\n    return sum(1 for b in c.all() if b.state is State.GONE)\n",
            )
        ],
        "from catalogue import Catalogue; assert Catalogue().all()==[]",
        "from gone import gone\nfrom catalogue import Catalogue\nfrom models import Book, State\nassert gone(Catalogue().add(Book('1','a',1,State.GONE)))==1",
    ),
    two(
        "keys are folded, a new reader does not",
        "library",
        [
            ("catalogue.py", "self._books[book.isbn] = book", "self._books[book.isbn.lower()] = book"),
            ("catalogue.py", "return self._books.get(isbn)", "return self._books.get(isbn.lower())"),
            (
                "catalogue.py",
                "book = self._books.get(isbn)\n        if book is None:\n            raise",
                "book = self._books.get(isbn.lower())\n        if book is None:\n            raise",
            ),
        ],
        [
            (
                "catalogue.py",
                "    def pages(self)",
                "    def has(self, isbn: str) -> bool:\n        return isbn in self._books\n\n    def pages(self)",
            )
        ],
        "from catalogue import Catalogue\nfrom models import Book\nassert Catalogue().add(Book('A','t',1)).find('a')",
        "from catalogue import Catalogue\nfrom models import Book\nassert Catalogue().add(Book('A','t',1)).has('A')",
    ),
    two(
        "a stored value becomes a pair",
        "site",
        [
            ("plugins.py", "_plugins[name] = function", "_plugins[name] = (function, function.__doc__)"),
            ("plugins.py", "return _plugins[name](rows)", "return _plugins[name][0](rows)"),
        ],
        [
            (
                "plugins.py",
                '@plugin("upper")',
                'def both(one, other, rows):\n    return _plugins[other](_plugins[one](rows))\n\n\n@plugin("upper")',
            )
        ],
        "from plugins import run; assert run('upper',['a'])==['A']",
        "from plugins import both; assert both('upper','unique',['a','a'])==['A']",
    ),
    two(
        "both apply a discount",
        "shop",
        [
            ("order.py", "        self.lines = []\n", "        self.lines = []\n        self.discount = 0\n"),
            (
                "order.py",
                "            total = total + price\n        return total",
                "            total = total + price\n        return total.scaled(1 - self.discount)",
            ),
        ],
        [
            ("rates.py", "ROUNDING = 2", 'ROUNDING = 2\nDISCOUNTS = {"FR": 0.5}'),
            (
                "rates.py",
                "return net + net.scaled(vat_for(country))",
                "return (net + net.scaled(vat_for(country))).scaled(1 - DISCOUNTS.get(country, 0))",
            ),
        ],
        "from order import Order\nfrom money import Money\no=Order('1','DE').add('a',Money(100)); o.discount=0.5; assert o.net().cents==50",
        "from order import Order\nfrom money import Money\no=Order('1','FR').add('a',Money(100))\nif hasattr(o,'discount'): o.discount=0.5\nassert o.gross().cents==60",
    ),
    two(
        "results are kept, what they are made of changes",
        "library",
        [
            (
                "catalogue.py",
                "    def pages(self) -> int:\n        return sum(book.pages for book in self._books.values())",
                '    def pages(self) -> int:\n        if not hasattr(self, "_pages_cache"):\n            self._pages_cache = sum(book.pages for book in self._books.values())\n        return self._pages_cache',
            )
        ],
        [
            (
                "catalogue.py",
                "    def search(",
                "    def remove(self, isbn: str) -> None:\n        del self._books[isbn]\n\n    def search(",
            )
        ],
        "from catalogue import Catalogue\nfrom models import Book\nassert Catalogue().add(Book('1','a',3)).pages()==3",
        "from catalogue import Catalogue\nfrom models import Book\nc=Catalogue().add(Book('1','a',3)); assert c.pages()==3; c.remove('1'); assert c.pages()==0",
    ),
    two(
        "a new refusal meets a new call",
        "library",
        [
            (
                "texts.py",
                "def shorten(text: str, width: int = WIDTH) -> str:\n",
                "def shorten(text: str, width: int = WIDTH) -> str:\n    if width < 5:\n        raise ValueError(width)\n",
            )
        ],
        [("cells.py", NEW, "from texts import shorten\n\n\ndef cell(t: str) -> str:\n    return shorten(t, 3)\n")],
        "from texts import shorten\ntry:\n    shorten('a', 2)\nexcept ValueError: pass\nelse: raise SystemError",
        "from cells import cell; assert cell('abcd')=='ab~'",
    ),
    # The same twice.
    two(
        "one method is added twice",
        "library",
        [
            (
                "catalogue.py",
                "    def isbns(self)",
                "    def size(self) -> int:\n        return len(self._books)\n\n    def isbns(self)",
            )
        ],
        [
            (
                "catalogue.py",
                "    def pages(self)",
                "    def size(self) -> int:\n        return self.pages()\n\n    def pages(self)",
            )
        ],
        "from catalogue import Catalogue\nfrom models import Book\nassert Catalogue().add(Book('1','a',3)).size()==1",
        "from catalogue import Catalogue\nfrom models import Book\nassert Catalogue().add(Book('1','a',3)).size()==3",
    ),
    two(
        "one name is registered in two files",
        "site",
        [
            (
                "trim.py",
                NEW,
                'from plugins import plugin\n\n\n@plugin("trim")\ndef trim(rows):\n    return [r.strip() for r in rows]\n',
            )
        ],
        [
            (
                "cut.py",
                NEW,
                'from plugins import plugin\n\n\n@plugin("trim")\ndef cut(rows):\n    return [r for r in rows if r]\n',
            )
        ],
        "import trim\ntry:\n    import cut\nexcept ImportError: pass\nfrom plugins import run\nassert run('trim',[' a'])==['a']",
        "import cut\nfrom plugins import run\nassert run('trim',['','a'])==['a']",
    ),
    two(
        "one key is given twice",
        "site",
        [("settings.py", '    "host": "localhost",\n', '    "host": "localhost",\n    "page": 20,\n')],
        [("settings.py", '    "timeout": 30,\n', '    "timeout": 30,\n    "page": 50,\n')],
        "from settings import load; assert load()['page']==20",
        "from settings import load; assert load()['page']==50",
    ),
    two(
        "two members of one value",
        "library",
        [("models.py", '    IN = "in"\n', '    IN = "in"\n    HELD = "held"\n')],
        [("models.py", '    GONE = "gone"\n', '    GONE = "gone"\n    KEPT = "held"\n')],
        "from models import State; assert State('held').name=='HELD' and 'HELD' in [s.name for s in State]",
        "from models import State; assert 'KEPT' in [s.name for s in State]",
    ),
    # One thing under two names.
    two(
        "a setting in two spellings",
        "site",
        [("settings.py", '    "timeout": 30,\n', '    "timeout": 30,\n    "maxUsers": 5,\n')],
        [("quota.py", NEW, 'from settings import load\n\n\ndef quota():\n    return load().get("max_users", 100)\n')],
        "from settings import load; assert load()['maxUsers']==5",
        "from quota import quota\nfrom settings import load\nassert quota() == next((v for k, v in load().items() if k.lower().replace('_','')=='maxusers'), 100)",
    ),
    two(
        "a soft look-up of another name",
        "net",
        [
            (
                "client.py",
                "    def close(self) -> None:",
                '    def is_closed(self) -> bool:\n        return self.token == ""\n\n    def close(self) -> None:',
            )
        ],
        [("pool.py", NEW, 'def live(clients):\n    return [c for c in clients if not getattr(c, "closed", False)]\n')],
        "from client import Client\nfrom wire import FakeWire\nc=Client(FakeWire(),'t'); c.close(); assert c.is_closed()",
        "from pool import live\nfrom client import Client\nfrom wire import FakeWire\nc=Client(FakeWire(),'t'); c.close()\nassert not hasattr(c,'is_closed') or live([c])==[]",
    ),
    two(
        "sent under one name, awaited under another",
        "site",
        [
            (
                "store.py",
                "def remove(user_id):\n    return _users.pop(user_id, None)",
                'def remove(user_id):\n    emit("user.removed", user_id)\n    return _users.pop(user_id, None)',
            )
        ],
        [("log.py", NEW, 'from bus import on\n\ngone = []\n\n\ndef start():\n    on("user.deleted", gone.append)\n')],
        "import bus, store\nbus.clear(); got=[]\nbus.on('user.removed', got.append); store.remove(1); assert got",
        "import bus, store, log\nbus.clear(); log.start()\nimport inspect\nstore.remove(1)\nassert log.gone or 'emit' not in inspect.getsource(store.remove) if False else (log.gone or 'emit' not in store.remove.__code__.co_names)",
    ),
]
