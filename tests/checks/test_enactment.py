"""Programs that are acted out: as Python would run them, and with nothing that they could reach."""

import gc
import weakref
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from tests.checks.semantic.case import passes
from tests.checks.test_semantic import PYTHON

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.enact import enactments
from coroom.checks.enactment.kept import TEXTS_MAX
from coroom.checks.enactment.python.machine import Machine, parsed
from coroom.checks.enactment.python.tree import Tree
from coroom.checks.enactment.python.uses import within
from coroom.checks.enactment.python.values import Names, Raised
from coroom.checks.program import Program
from coroom.checks.sides import Four


def ending(tree: Mapping[str, str], test: str) -> bool | None:
    """Whether a test passes when it is acted out; None when that cannot be told."""
    texts = {path: text.encode() for path, text in {**tree, "the_test.py": test}.items()}
    stage = Tree(Program(texts), Budget(1_000_000))
    try:
        stage.module("the_test.py")
    except CannotGoOn:
        return None
    except (Raised, Exception):  # noqa: BLE001 - whatever a test raises is a failure
        return False
    finally:
        stage.close()
    return True


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_the_tests_of_all_cases_end_as_in_python() -> None:
    told = 0
    for case in PYTHON:
        trees = case.trees()
        for name, test in (("ours", case.our_test), ("merged", case.our_test), ("merged", case.their_test)):
            acted = ending(trees[name], test)
            if acted is not None:
                told += 1
                assert (case.name, name, acted) == (case.name, name, passes(trees[name], test))
    assert told > 2 * len(PYTHON)


LOCAL = {
    "assigned below": "x = 1\ndef f():\n    y = x\n    x = 2\n    return y\nf()",
    "assigned before": "x = 1\ndef f():\n    x = 2\n    return x\nassert f() == 2 and x == 1",
    "assigned under a condition that does not hold": "x = 1\ndef f(a):\n    if a:\n        x = 2\n    return x\nf(0)",
    "of the module": "x = 1\ndef f():\n    global x\n    x = x + 1\n    return x\nassert f() == 2 == x",
    "of the function around": (
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n    g()\n    return x\nassert f() == 2"
    ),
    "of a handler, after it": (
        "e = 1\ndef f():\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        pass\n    return e\nf()"
    ),
    "of a handler that was not needed": (
        "e = 1\ndef f():\n    try:\n        pass\n    except ValueError as e:\n        pass\n    return e\nf()"
    ),
    "of a case that does not fit": (
        "x = 1\ndef f(v):\n    match v:\n        case 1 as x:\n            pass\n    return x\nassert f(1) == 1\nf(2)"
    ),
    "of a comprehension": "x = 1\ndef f():\n    y = [x for x in (2, 3)]\n    return x\nassert f() == 1",
    "assigned in a comprehension": "x = 1\ndef f():\n    y = [x := n for n in (2, 3)]\n    return x\nassert f() == 3",
    "assigned in a comprehension below": "x = 1\ndef f():\n    y = x\n    return [x := n for n in (2, 3)]\nf()",
    "deleted": "x = 1\ndef f():\n    x = 2\n    del x\n    return x\nf()",
    "deleted before it is assigned": "x = 1\ndef f():\n    del x\nf()",
    "deleted at the top": "x = 1\ndel x\nx",
}


@pytest.mark.parametrize("text", LOCAL.values(), ids=LOCAL)
def test_a_local_name_means_what_it_means_in_python(text: str) -> None:
    assert ending({}, text) is passes({}, text)


@pytest.mark.parametrize(("many", "said"), [("(1, 3)", "2"), ("(each for each in (1, 2))", "1.5")])
def test_a_mean_is_written_as_in_python(many: str, said: str) -> None:
    text = f"from statistics import mean\nassert str(mean({many})) == '{said}'"
    assert ending({}, text) is passes({}, text) is True


LIBRARY = dict(
    part.split("\n", 1) for part in (Path(__file__).parent / "semantic/library.txt").read_text().split("\n## ")[1:]
)


@pytest.mark.parametrize("text", LIBRARY.values(), ids=LIBRARY)
def test_what_the_library_gives_is_what_it_gives_in_python(text: str) -> None:
    assert ending({}, text) is passes({}, text) is True


NUMBER = "class N:\n    def __index__(self):\n        return 10 ** 9\n"
ODD = {
    "attributes of a type": "x = ().__class__.__mro__",
    "a type through a format": "x = '{0.__class__}'.format(1)",
    "a module through a function": "def f(): pass\nx = f.__globals__",
    "the frame of a generator": "x = (each for each in ()).gi_frame",
    "the traceback of what was raised": "try:\n    1 / 0\nexcept Exception as e:\n    x = e.__traceback__.tb_frame",
    "a file": "x = open('/etc/passwd')",
    "an import by name": "x = __import__('os')",
    "another import": "import subprocess\nx = subprocess.run(['true'])",
    "a name from another import": "from subprocess import run\nx = run(['true'])",
    "an attribute of a name from another import": "from os import path\nx = path.exists('/')",
    "an import that is not of the library": "import numpy",
    "a text that is compiled": "x = eval('1')",
    "a loop without end": "while True:\n    pass",
    "a generator without end": "def f():\n    while True:\n        yield 1\nx = list(f())",
    "calls without end": "def f():\n    return f()\nf()",
    "a large text": "x = 'a' * 10 ** 9",
    "a text that doubles": "x = 'a'\nfor _ in range(100):\n    x = x + x",
    "a list that doubles": "x = [1]\nfor _ in range(100):\n    x.extend(x)",
    "a large number": "x = 9 ** 9 ** 9",
    "a number that squares": "x = 9\nfor _ in range(100):\n    x = x * x",
    "a large shift": "x = 1 << 10 ** 10",
    "a wide field": "x = f'{1:1000000000}'",
    "a wide percent": "x = '%1000000000d' % 1",
    "a wide field behind zeros": "x = f'{1:000000001000000000}'",
    "a wide percent of a name": "x = '%(a)1000000000d' % {'a': 1}",
    "a wide percent that is given": "x = '%*d' % (10 ** 9, 1)",
    "an exact percent": "x = '%.1000000000d' % 1",
    "a wide percent of bytes": "x = b'%1000000000d' % 1",
    "a fraction of a short text with zeros": ("from fractions import Fraction\nx = Fraction('1e000000000099999999')"),
    "a long range": "x = sum(range(10 ** 10))",
    "many bytes": "x = bytes(10 ** 10)",
    "a large decimal": "from decimal import Decimal\nx = int(Decimal('1e99999999'))",
    "a pattern that takes long": "import re\nx = re.match('(a+)+$', 'a' * 40 + 'b')",
    "a pattern of many stars": "import re\nx = re.match('a*a*a*a*a*a*b', 'a' * 200)",
    "a count without end": "import itertools\nx = list(itertools.count())",
    "a circle without end": "import itertools\nx = sum(itertools.cycle((1, 2)))",
    "all pairs of much": "import itertools\nx = list(itertools.product(range(3000), repeat=3))",
    "too many pools": "import itertools\nx = itertools.product((1, 2), repeat=10 ** 9)",
    "a large factorial": "import math\nx = math.factorial(10 ** 7)",
    "much text piece by piece": "import io\nout = io.StringIO()\nwhile True:\n    out.write('a' * 1000)",
    "a place far away": "import io\nout = io.StringIO()\nout.seek(10 ** 12)\nout.write('a')",
    "many draws": "import random\nx = random.Random(1).choices((1, 2), k=10 ** 9)",
    "chance without a seed": "import random\nx = random.Random()",
    "chance of the module": "import random\nx = random.random()",
    "a file by its path": "from pathlib import Path\nx = Path('/etc/passwd').read_text()",
    "the files beside a path": "from pathlib import Path\nx = list(Path('/').iterdir())",
    "the home of a path": "from pathlib import Path\nx = Path.home()",
    "whether a path is there": "import os.path\nx = os.path.exists('/')",
    "a lock that waits for itself": "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "a queue that waits": "import queue\nx = queue.Queue().get()",
    "a thread": "import threading\nthreading.Thread(target=print).start()",
    "code from the environment": "import os\nx = os.system('true')",
    "a loop that is left where none is": "break",
    "a turn that is left in a function without one": "def f():\n    continue\nf()",
    "a loop that is left in a generator without one": "def f():\n    yield 1\n    break\nx = list(f())",
    "a loop that is left by a class within it": "for _ in (1, 2):\n    class A:\n        break",
    "a return at the top": "return 1",
    "a text times an object": f"{NUMBER}x = 'a' * N()",
    "a width that is an object": f"{NUMBER}x = 'a'.zfill(N())",
    "the factorial of an object": f"{NUMBER}import math\nx = math.factorial(N())",
    "as many draws as an object": f"{NUMBER}import random\nx = random.Random(1).choices((1, 2), k=N())",
    "a deque many times": "from collections import deque\nx = deque((1,)) * 10 ** 9",
    "the sum of lists": "many = [1] * 4000\nx = sum([many] * 4000, [])",
    "the sum of growing fractions": (
        "from fractions import Fraction\nx = sum(Fraction(1, (10 ** 50) ** 20 + each) for each in range(1500))"
    ),
    "a product that grows": "import math\nx = math.prod([(10 ** 60) ** 20] * 4000)",
    "a common multiple that grows": "import math\nx = math.lcm(*[(10 ** 60) ** 20 + each for each in range(900)])",
    "a power that is a fraction": "from fractions import Fraction\nx = 9 ** Fraction(10 ** 9)",
    "a fraction of a short text": "from fractions import Fraction\nx = Fraction('1e999999999')",
    "a number rounded far to the left": "x = round(5, -10 ** 9)",
    "large decimals one by one": "from decimal import Decimal\nx = list(map(int, map(Decimal, ['1e999999999'])))",
    "long texts one by one": "s = 'a' * 4000\nmany = [s] * 4000\nx = list(map(s.join, [many] * 4000))",
    "long texts by default": (
        "from collections import defaultdict\nfrom functools import partial\n"
        "held = defaultdict(partial('a'.join, ['a' * 4000] * 4000))\nfor each in range(3000):\n    held[each]"
    ),
    "what is counted often": "from collections import Counter\nx = list(Counter({'a': 10 ** 12}).elements())",
    "chains of chains": (
        "from itertools import chain\nmany = [[[1] * 4000] * 4000] * 4000\n"
        "x = list(chain.from_iterable(chain.from_iterable(many)))"
    ),
    "a chain of many": "from itertools import chain\nx = list(chain(*[[1] * 4000] * 4000))",
    "a choice of many": (
        "from itertools import combinations_with_replacement\nx = next(combinations_with_replacement((1, 2), 10 ** 9))"
    ),
    "many rows in one order": "import heapq\nx = sum(heapq.merge(*[range(4000)] * 4000))",
    "a wide indent": "import json\nx = json.dumps([1], indent=10 ** 9)",
    "wide tabs": "import textwrap\nx = textwrap.wrap('a\\tb', tabsize=10 ** 9)",
    **{
        f"what holds itself twice, forty times, {name}": (
            f"import copy, json\nx, y = {start}, {start}\nfor _ in range(40):\n    x, y = {twice}\nx = {text}"
        )
        for name, start, twice, text in (
            ("as text", "[]", "[x, x], y", "str(x)"),
            ("in a text", "[]", "[x, x], y", "f'{x}'"),
            ("by a sign", "[]", "[x, x], y", "'%s' % (x,)"),
            ("shown", "[]", "[x, x], y", "repr(x)"),
            ("compared", "[]", "[x, x], [y, y]", "x == y"),
            ("as a key", "()", "(x, x), y", "{x: 1}"),
            ("as a key, by pairs", "()", "tuple(zip((x,), (x,))), y", "{x: 1}"),
            ("in a set, by pairs", "()", "tuple(zip((x,), (x,))), y", "set().add(x)"),
            ("copied", "[]", "[x, x], y", "copy.deepcopy(x)"),
            ("as JSON", "[]", "[x, x], y", "json.dumps(x)"),
        )
    },
    **{
        f"objects that hold themselves twice, forty times, {name}": (
            "from dataclasses import asdict, dataclass\nimport copy\n\n\n@dataclass(frozen=True)\nclass P:\n"
            "    a: object\n    b: object\n\n\nx, y = 1, 1\nfor _ in range(40):\n    x, y = P(x, x), P(y, y)\n"
            f"x = {text}"
        )
        for name, text in (
            ("compared", "x == y"),
            ("shown", "repr(x)"),
            ("as a key", "{x: 1}"),
            ("copied", "copy.deepcopy(x)"),
            ("as data", "asdict(x)"),
        )
    },
    "the mean of growing fractions": (
        "import statistics\nfrom fractions import Fraction\n"
        "x = statistics.mean([Fraction(1, (10 ** 50) ** 20 + each) for each in range(900)])"
    ),
    "a pattern of many that may be left out": "import re\nx = re.match('a?' * 30 + 'a' * 30, 'a' * 30)",
    "a pattern repeated that may be left out": "import re\nx = re.match('(?:a?b?)*c', 'ab' * 40)",
    "a pattern repeated within what is repeated": "import re\nx = re.match('(a+a)+b', 'a' * 40)",
    "a pattern of groups of what may be left out": "import re\nx = re.match('(?:(?:a?)(?:a?)){25}b', 'a' * 50)",
    "a pattern that prints itself": "import re\nx = re.compile('a', 128)",
    "a pattern that says nothing": "import re\nx = re.compile('(')",
    "a replacement that says nothing": "import re\nx = re.sub('a', '\\\\9', 'a')",
    "rows that do not end": "import csv\nx = list(csv.reader(['\"a'], strict=True))",
    "a moment that is told twice": "from datetime import datetime\nx = datetime.strptime('1 1', '%d %d')",
    "a moment too far": "from datetime import datetime\nx = datetime.fromtimestamp(1e17)",
    "no text to wrap": "import textwrap\nx = textwrap.wrap(5)",
    "chance that loses its seed": "import random\nchance = random.Random(1)\nchance.seed()",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.promise("check:runs-nothing")
def test_what_would_reach_out_or_take_long_ends_the_enactment(text: str) -> None:
    machine = Machine(lambda *_: None, Budget(20_000))
    with pytest.raises((CannotGoOn, Raised)):
        machine.module("odd.py", text)


def four_of(base: str, ours: str, theirs: str) -> Four:
    def tree(*texts: str) -> dict[str, bytes]:
        return {name: text.encode() for name, text in zip(("prices.py", "shop.py"), texts, strict=False)}

    return Four(tree(base), tree(ours), tree(base, theirs), tree(ours, theirs))


BASE = "def price(cents: int) -> int:\n    return cents\n"
NEW = "from prices import price\n\n\ndef twice(cents: int) -> int:\n    return 2 * price(cents)\n"


def test_another_result_is_told_with_what_was_given() -> None:
    found = list(enactments(four_of(BASE, BASE.replace("return cents", "return cents + 1"), NEW)))
    assert [each.message for each in found] == ["twice(105) gives 210 here and 212 together since price() changed"]
    assert (found[0].ours, found[0].theirs) == (("prices.py:1",), ("shop.py:4",))
    assert not found[0].blocks


@pytest.mark.promise("check:runs-nothing")
def test_what_a_call_gives_is_not_taken_down_without_end() -> None:
    deep = "def price(cents: int) -> list:\n    return [[[[[cents] * 4000] * 4000] * 4000] * 4000] * 4000\n"
    assert list(enactments(four_of(BASE, deep, NEW.replace("2 * ", "")))) == []


@pytest.mark.parametrize("place", ["plays._firsts", "inputs.parameters", "acting._looks", "machine.Machine.name"])
@pytest.mark.parametrize("fault", [NameError, AttributeError, AssertionError, ImportError])
def test_a_mistake_of_the_interpreters_own_does_not_pass_for_what_the_program_does(
    monkeypatch: pytest.MonkeyPatch, place: str, fault: type[Exception]
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise fault("ours")

    monkeypatch.setattr(f"coroom.checks.enactment.python.{place}", broken)
    with pytest.raises(fault, match="ours"):
        list(enactments(four_of(BASE, BASE.replace("return cents", "return cents + 1"), NEW)))


@pytest.mark.parametrize("way", ["Literal['by weight', 'by length']", "Optional[Literal['by weight']]"])
@pytest.mark.parametrize("quoted", [False, True])
def test_what_a_parameter_is_said_to_be_is_given_and_what_cannot_be_read_ends_nothing(way: str, quoted: bool) -> None:
    said = f'"{way}"' if quoted else way
    base = "def price(way: str) -> int:\n    return 1\n"
    other = base.replace("return 1", "return 2 if way == 'by weight' else 1")
    new = (
        "from typing import Literal, Optional\nfrom prices import price\n\n\n"
        f"def odd(way: Optional['by weight']) -> int:\n    return 1\n\n\ndef twice(way: {said}) -> int:\n"
        "    return 2 * price(way)\n"
    )
    (found,) = enactments(four_of(base, other, new))
    assert found.message.startswith("twice('by weight') gives 2 here and 4 together")


def test_the_same_result_by_another_way_is_no_finding() -> None:
    other = (
        "def price(cents: int) -> int:\n    total = 0\n    while cents > total:\n        total += 1\n    return total\n"
    )
    assert list(enactments(four_of(BASE, other, NEW))) == []


def test_to_look_at_a_program_takes_no_number_from_what_hands_them_out() -> None:
    desk = "{made}\n\ndef ticket():\n{gives}\n\n\ndef waiting():\n    return list(_waiting)\n"
    base = desk.format(made="_waiting = {}\n_last = [0]\n", gives="    _last[0] += 1\n    return _last[0]")
    counted = desk.format(
        made="import itertools\n\n_waiting = {}\n_tickets = itertools.count(1)\n", gives="    return next(_tickets)"
    )
    named = desk.format(
        made="_waiting = {}\n_last = 0\n", gives="    global _last\n    _last = _last + 1\n    return _last"
    )
    new = "from prices import ticket\n\n\ndef tickets(names):\n    return [(name, ticket()) for name in names]\n"
    for other in (counted, named):
        assert list(enactments(four_of(base, other, new))) == []


def test_a_program_that_is_not_known_well_enough_is_left_alone() -> None:
    unknown = "import numpy\n" + BASE
    assert list(enactments(four_of(unknown, unknown.replace("return cents", "return cents + 1"), NEW))) == []


def test_a_case_is_judged_in_a_bounded_number_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "def price(cents: int) -> int:\n    while cents:\n        cents += 1\n    return 1\n"
    monkeypatch.setattr("coroom.checks.enactment.enact.STEPS_IN_ALL", 5_000)
    assert list(enactments(four_of(BASE, endless, NEW))) == []


def test_trees_go_with_what_was_told_of_them_when_later_texts_take_their_room() -> None:
    many = "def f(x):\n    return x.name\n" * (TEXTS_MAX // 300)
    texts = [f"{many}V = {at}\n" for at in range(TEXTS_MAX // len(many) + 2)]
    gc.disable()
    try:
        refs = []
        for text in texts:
            tree = parsed(text)
            assert list(within(tree)) == list(within(tree))
            refs.append(weakref.ref(tree))
            del tree
        assert refs[0]() is None
        assert refs[-1]() is parsed(texts[-1])
    finally:
        gc.enable()


def test_what_an_enactment_defined_goes_with_its_end_and_waits_for_no_collector() -> None:
    texts = {
        "shop.py": b"from dataclasses import dataclass\nfrom enum import Enum\nfrom typing import Protocol\n\n\n"
        b"class Size(Enum):\n    SMALL = 1\n\n\nclass Priced(Protocol):\n    def price(self) -> int: ...\n\n\n"
        b"@dataclass\nclass Lamp:\n    size: Size = Size.SMALL\n\n    def price(self) -> int:\n        return 1\n\n\n"
        b"class Sold(ValueError):\n    pass\n\n\nSHELF = [Lamp(), Lamp()]\n",
        "till.py": b"from shop import SHELF, Lamp\n\n\nclass Red(Lamp):\n    pass\n\n\n"
        b"TOTAL = sum(each.price() for each in SHELF)\n",
    }
    gc.disable()
    try:
        stage = Tree(Program(texts), Budget(1_000))
        assert stage.module("till.py").space["TOTAL"] == 2
        machine = weakref.ref(stage.machine)
        stage.close()
        del stage
        assert machine() is None
    finally:
        gc.enable()


def test_a_text_larger_than_the_room_is_parsed_once_until_another_is_asked_for() -> None:
    text = f"x = '{'1' * TEXTS_MAX}'\n"
    assert parsed(text) is parsed(text)


def test_names_that_are_made_when_they_are_asked_for_are_there_all_the_same_and_made_once() -> None:
    made: list[str] = []

    def make(name: str, machine: str) -> str:
        made.append(name)
        return f"{name.upper()}{machine}"

    names = Names({name: partial(make, name) for name in "abc"}, "!")
    names["d"] = "given"
    assert ("a" in names, "d" in names, "e" in names) == (True, True, False)
    assert (names.get("e"), names.get("e", 1), made) == (None, 1, [])
    assert (names["b"], names.get("b"), made) == ("B!", "B!", ["b"])
    assert dict(names.items()) == {"a": "A!", "b": "B!", "c": "C!", "d": "given"}
    assert sorted(made) == ["a", "b", "c"]
    with pytest.raises(KeyError):
        names["e"]
