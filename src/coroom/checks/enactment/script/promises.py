"""Promises of a script, and what is done later. Nothing waits: the time of a script is its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script.arrays import at
from coroom.checks.enactment.script.values import UNDEFINED, Fun, Native, Promise, Thrown, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

Act = Callable[["Machine", Value, list[Value]], Value]


def settle(m: Machine, promise: Promise, state: str, value: Value) -> None:
    """Keep or break a promise; one that is kept with another becomes what that does."""
    if promise.state != "pending":
        return
    if state == "kept" and isinstance(value, Promise):
        after(m, value, lambda: settle(m, promise, value.state, value.value))
        return
    promise.state, promise.value = state, value
    for each in promise.then:
        m.at(-1, each)
    promise.then.clear()


def after(m: Machine, promise: Promise, act: Callable[[], None]) -> None:
    """Do something once a promise is kept or broken."""
    if promise.state == "pending":
        promise.then.append(act)
    else:
        m.at(-1, act)


def new_promise(m: Machine) -> Promise:
    """A promise that nobody has kept yet."""
    return Promise(m.builtins["Promise"])


def _then(m: Machine, this: Value, given: list[Value]) -> Value:
    if not isinstance(this, Promise):
        raise CannotGoOn("then() of something else")
    made = new_promise(m)

    def act() -> None:
        handle = at(given, 0 if this.state == "kept" else 1)
        if not isinstance(handle, Fun | Native):
            settle(m, made, this.state, this.value)
            return
        try:
            settle(m, made, "kept", m.call(handle, UNDEFINED, [this.value]))
        except Thrown as fault:
            settle(m, made, "broken", fault.value)

    after(m, this, act)
    return made


def _catch(m: Machine, this: Value, given: list[Value]) -> Value:
    return _then(m, this, [UNDEFINED, at(given, 0)])


def _finally(m: Machine, this: Value, given: list[Value]) -> Value:
    def pass_on(m: Machine, _: Value, kept: list[Value]) -> Value:
        m.awaited(m.call(at(given, 0), UNDEFINED, []))
        return at(kept, 0)

    def throw_on(m: Machine, _: Value, broken: list[Value]) -> Value:
        m.awaited(m.call(at(given, 0), UNDEFINED, []))
        raise Thrown(at(broken, 0))

    return _then(m, this, [Native("finally", pass_on), Native("finally", throw_on)])


PROMISE = {name: Native(name, act) for name, act in (("then", _then), ("catch", _catch), ("finally", _finally))}
"""The methods of promises."""


def _make(m: Machine, given: list[Value], _: Value) -> Value:
    made = new_promise(m)

    def settler(state: str) -> Native:
        def act(m: Machine, _: Value, given: list[Value]) -> Value:
            settle(m, made, state, at(given, 0))
            return UNDEFINED

        return Native(state, act)

    try:
        m.call(at(given, 0), UNDEFINED, [settler("kept"), settler("broken")])
    except Thrown as fault:
        settle(m, made, "broken", fault.value)
    return made


def _resolve(m: Machine, _: Value, given: list[Value]) -> Value:
    return m.promised(at(given, 0))


def _reject(m: Machine, _: Value, given: list[Value]) -> Value:
    return Promise(m.builtins["Promise"], "broken", at(given, 0))


def _all(m: Machine, _: Value, given: list[Value]) -> Value:
    return _together(m, at(given, 0), m.awaited)


def _all_settled(m: Machine, _: Value, given: list[Value]) -> Value:
    def outcome(each: Value) -> Value:
        try:
            return m.object({"status": "fulfilled", "value": m.awaited(each)})
        except Thrown as fault:
            return m.object({"status": "rejected", "reason": fault.value})

    return _together(m, at(given, 0), outcome)


def _together(m: Machine, many: Value, outcome: Callable[[Value], Value]) -> Promise:
    made = new_promise(m)
    waiting = [m.promised(each) for each in m.each(many)]

    def act() -> None:
        try:
            settle(m, made, "kept", m.array([outcome(each) for each in waiting]))
        except Thrown as fault:
            settle(m, made, "broken", fault.value)

    m.at(-1, act)
    return made


def _race(m: Machine, _: Value, given: list[Value]) -> Value:
    made = new_promise(m)
    for each in m.each(at(given, 0)):
        held = m.promised(each)
        after(m, held, partial(_first, m, made, held))
    return made


def _first(m: Machine, made: Promise, held: Promise) -> None:
    settle(m, made, held.state, held.value)


def _called(m: Machine, _: Value, __: list[Value]) -> Value:
    raise m.thrown("TypeError", "Promise constructor cannot be invoked without 'new'")


PROMISE_MAKER = Native("Promise", _called, _make)
PROMISE_MAKER.own.update(
    {
        name: Native(name, act)
        for name, act in (
            ("resolve", _resolve),
            ("reject", _reject),
            ("all", _all),
            ("allSettled", _all_settled),
            ("race", _race),
        )
    }
)


def _timeout(m: Machine, _: Value, given: list[Value]) -> Value:
    ms = m.number(at(given, 1)) if len(given) > 1 else 0.0

    def act() -> None:
        m.call(at(given, 0), UNDEFINED, given[2:])

    return m.at(max(0.0, ms if ms == ms else 0.0), act)  # noqa: PLR0124 - only NaN is not itself


def _cleared(m: Machine, _: Value, given: list[Value]) -> Value:
    m.later = [each for each in m.later if float(each[1]) != at(given, 0)]
    return UNDEFINED


def _soon(m: Machine, _: Value, given: list[Value]) -> Value:
    m.at(-1, lambda: m.call(at(given, 0), UNDEFINED, []))
    return UNDEFINED


TIMERS: dict[str, Value] = {
    "setTimeout": Native("setTimeout", _timeout),
    "clearTimeout": Native("clearTimeout", _cleared),
    "queueMicrotask": Native("queueMicrotask", _soon),
    "setImmediate": Native("setImmediate", _soon),
}
"""What does something later."""
