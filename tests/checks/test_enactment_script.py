"""Scripts that are acted out: as Node runs them, and with nothing that they could reach."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.checks.semantic.case import script_results
from tests.checks.test_semantic import SCRIPT_CLEANS, SCRIPT_CONFLICTS

from coroom.checks.enactment.budget import Budget, CannotGoOn
from coroom.checks.enactment.enact import enactments
from coroom.checks.enactment.script.machine import Machine
from coroom.checks.enactment.script.stage import BEYOND, Stage
from coroom.checks.enactment.script.values import UNDEFINED, Thrown
from coroom.checks.enactment.script.written import written
from coroom.checks.program import Program
from coroom.checks.sides import Four

_EXPRESSIONS = (Path(__file__).parent / "semantic" / "expressions.txt").read_text().splitlines()


def alone(text: str, steps: int = 20_000) -> Machine:
    machine = Machine(lambda *_: None, steps)
    machine.module("alone.ts", text.encode())
    return machine


def acted(expression: str) -> object:
    machine = Machine(lambda *_: None, 20_000)
    module = machine.module("alone.ts", f"export const found = {expression};".encode())
    return written(machine, machine.awaited(module.export("found")), UNDEFINED, UNDEFINED)


def test_expressions_come_to_what_they_come_to_in_node(clients_path: str) -> None:
    runs: list[tuple[dict[str, str], str]] = [
        ({}, f"throw new Error(JSON.stringify(await ({each})));") for each in _EXPRESSIONS
    ]
    results = script_results(clients_path, runs)
    for expression, told in zip(_EXPRESSIONS, results, strict=True):
        assert (expression, f"Error: {acted(expression)}") == (expression, told)


def ending(tree: Mapping[str, str], test: str) -> bool | None:
    """Whether a test passes when it is acted out; None when that cannot be told."""
    stage = Stage(Program({path: text.encode() for path, text in {**tree, "test.ts": test}.items()}), Budget(100_000))
    stage.machine.steps = 50_000
    try:
        stage.machine.awaited(stage.module("test.ts"))
    except BEYOND:
        return None
    except Thrown:
        return False
    return True


def test_the_tests_of_all_cases_end_as_in_node(clients_path: str) -> None:
    runs = [
        (trees[name], test)
        for case in (*SCRIPT_CONFLICTS, *SCRIPT_CLEANS)
        for trees in [case.trees()]
        for name, test in (("ours", case.our_test), ("merged", case.our_test), ("merged", case.their_test))
    ]
    told = 0
    for (tree, test), result in zip(runs, script_results(clients_path, runs), strict=True):
        passed = ending(tree, test)
        if passed is not None:
            told += 1
            assert (test, passed) == (test, result == "")
    assert told > 0.8 * len(runs)


ODD = {
    "a module of the machine": "import { readFileSync } from 'node:fs'; readFileSync('/etc/passwd');",
    "a module by name": "const x = require('fs');",
    "a module that is loaded later": "const x = import('fs');",
    "the process": "const x = process.env;",
    "the network": "const x = fetch('http://127.0.0.1');",
    "all that there is": "const x = globalThis;",
    "a text that is compiled": "const x = eval('1');",
    "a function from a text": "const x = new Function('return 1')();",
    "a function through a constructor": "const x = (() => 1).constructor('return 1')();",
    "what the language is made of": "Array.prototype.map = () => 1;",
    "what all objects inherit": "({} as any).constructor.prototype.x = 1;",
    "what all objects inherit, by another way": "Object.setPrototypeOf(Object.prototype, {});",
    "what all objects inherit, written out": "Object.assign(Object.prototype, { x: 1 });",
    "what a map inherits": "Object.freeze(Object.getPrototypeOf(new Map()));",
    "an object that inherits from itself": "const a = {}; const b = Object.create(a); Object.setPrototypeOf(a, b);",
    "a loop without end": "while (true) {}",
    "a loop of nothing": "for (;;);",
    "a generator without end": "function* f() { while (true) yield 1; }\nconst x = [...f()];",
    "an iterator without end": "const i = { [Symbol.iterator]: () => ({ next: () => ({}) }) }; const x = [...i];",
    "a map that grows while it is read": "const m = new Map([[1, 1]]); for (const [k] of m) m.set(k + 1, 1);",
    "an array that grows while it is read": "const a = [1]; for (const x of a) a.push(x);",
    "timers without end": "const f = () => setTimeout(f, 1); f(); await new Promise(() => 1);",
    "promises without end": "const f = (): any => Promise.resolve().then(f); await f();",
    "calls without end": "const f = (): any => f(); f();",
    "getters without end": "const o: any = { get a() { return this.a; } }; o.a;",
    "texts without end": "const o: any = { toString() { return `${this}`; } }; `${o}`;",
    "a large text": "const x = 'a'.repeat(1e9);",
    "a text that doubles": "let x = 'a'; for (let i = 0; i < 100; i++) x += x;",
    "a text that doubles in a template": "let x = 'a'; for (let i = 0; i < 100; i++) x = `${x}${x}`;",
    "a wide field": "const x = 'a'.padStart(1e9);",
    "a join that grows": "let x: any = 'a'; for (let i = 0; i < 100; i++) x = [x, x].join(x);",
    "a replacement that grows": "let x = 'aa'; for (let i = 0; i < 100; i++) x = x.replace(/a/g, x);",
    "a list that doubles": "let x = [1]; for (let i = 0; i < 100; i++) x = x.concat(x);",
    "a list that is spread": "let x = [1]; for (let i = 0; i < 100; i++) x = [...x, ...x];",
    "a long array": "const x = new Array(1e9);",
    "an array from a length": "const x = Array.from({ length: 1e9 });",
    "a far place": "const x: any[] = []; x[1e9] = 1;",
    "a length that is set": "const x: any[] = []; x.length = 1e9;",
    "an object of many keys": "const o: any = {}; for (let i = 0; ; i++) o['k' + i] = i;",
    "a pattern that takes long": f"const x = /(a+)+$/.test('{'a' * 40}b');",
    "a pattern of many stars": "const x = /a*a*a*a*a*a*b/.test('a'.repeat(200));",
    "a list in itself": "const a: any[] = []; a.push(a); JSON.stringify(a);",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.promise("check:runs-nothing")
def test_what_would_reach_out_or_take_long_ends_the_enactment(text: str) -> None:
    with pytest.raises((*BEYOND, Thrown)):
        alone(text)


def four_of(base: str, ours: str, theirs: str) -> Four:
    def tree(*texts: str) -> dict[str, bytes]:
        return {name: text.encode() for name, text in zip(("prices.ts", "shop.ts"), texts, strict=False)}

    return Four(tree(base), tree(ours), tree(base, theirs), tree(ours, theirs))


BASE = "export function price(cents: number): number {\n  return cents;\n}\n"
NEW = (
    "import { price } from './prices';\nexport function twice(cents: number): number {\n  return 2 * price(cents);\n}\n"
)


def test_another_result_is_told_with_what_was_given() -> None:
    found = list(enactments(four_of(BASE, BASE.replace("return cents", "return cents + 1"), NEW)))
    assert [each.message for each in found] == ["twice(105) gives 210 here and 212 together since price() changed"]
    assert (found[0].ours, found[0].theirs) == (("prices.ts:1",), ("shop.ts:2",))
    assert not found[0].blocks


def test_a_long_call_is_not_told_to_its_end() -> None:
    fields = "".join(f"  name{number}: string;\n" for number in range(20))
    base = f"export interface Wide {{\n{fields}}}\nexport const first = (wide: Wide): string => wide.name0;\n"
    new = (
        "import { first, Wide } from './prices';\nexport const big = (wide: Wide): boolean => first(wide).length > 2;\n"
    )
    (found,) = enactments(four_of(base, base.replace("wide.name0;", "wide.name0.slice(0, 1);"), new))
    assert "…) gives true here and false together since first() changed" in found.message
    assert len(found.message) < 300


@pytest.mark.parametrize("odd", [r"\u{1F600}", r"\ud83d\ude00", r"\ud83d", r"\u{FFFFFF}"])
@pytest.mark.parametrize("said", ["export const smile = '{}';\n", "export enum Smile {{ '{}' = 1 }}\n"])
def test_letters_of_two_places_keep_nothing_from_being_acted_out(odd: str, said: str) -> None:
    new = said.format(odd) + NEW.replace("return", f"const mark = '{odd}';\n  return")
    (found,) = enactments(four_of(BASE, BASE.replace("return cents", "return cents + 1"), new))
    assert found.message.startswith("twice(105) gives 210 here and 212 together")


def test_what_is_told_of_half_a_letter_can_be_written() -> None:
    new = NEW.replace(": number {", ": string {").replace("2 *", r"'\ud83d' +")
    (found,) = enactments(four_of(BASE, BASE.replace("return cents", "return cents + 1"), new))
    assert r"\ud83d105" in found.message.encode().decode()


def test_the_same_result_by_another_way_is_no_finding() -> None:
    other = BASE.replace("return cents", "let sum = 0;\n  while (sum < cents && sum < 50) sum += 1;\n  return cents")
    assert list(enactments(four_of(BASE, other, NEW))) == []


@pytest.mark.parametrize("unknown", ["import _ from 'lodash';\nexport const all = _.map;\n", "document.title = 'x';\n"])
def test_a_script_that_is_not_known_well_enough_is_left_alone(unknown: str) -> None:
    base = unknown + BASE.replace("return cents", "_; return cents" if "lodash" in unknown else "return cents")
    assert list(enactments(four_of(base, base.replace("return cents", "return cents + 1"), NEW))) == []


@pytest.mark.parametrize("place", ["plays._firsts", "plays.parameters", "acting._looks", "machine.Machine.enter"])
@pytest.mark.parametrize("fault", [NameError, AttributeError, AssertionError, ImportError])
def test_a_mistake_of_the_interpreters_own_does_not_pass_for_what_the_script_does(
    monkeypatch: pytest.MonkeyPatch, place: str, fault: type[Exception]
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise fault("ours")

    monkeypatch.setattr(f"coroom.checks.enactment.script.{place}", broken)
    with pytest.raises(fault, match="ours"):
        list(enactments(four_of(BASE, BASE.replace("return cents", "return cents + 1"), NEW)))


def test_nothing_is_left_of_one_enactment_in_the_next() -> None:
    grow = "class Box { static n = 0; }\nBox.n += 1;\nexport const found = Box.n;"
    for _ in range(2):
        machine = Machine(lambda *_: None, 1_000)
        assert machine.module("alone.ts", grow.encode()).export("found") == 1.0


def test_steps_are_counted_in_what_the_language_does_itself() -> None:
    text = "const a = Array.from({ length: 3000 }, (_, i) => i); for (let i = 0; i < 500; i++) a.indexOf(-1);"
    with pytest.raises(CannotGoOn, match="too many steps"):
        alone(text)
