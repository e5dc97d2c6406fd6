"""One lock that both sides newly take along one path of calls, which then waits for itself."""

from collections.abc import Iterator

from coroom.checks.finding import Finding
from coroom.checks.inference.demands import dotted
from coroom.checks.inference.standard import qualified
from coroom.checks.program import Program
from coroom.checks.sides import Four, Side, functions_of
from coroom.syntax import Class, Function, Module, Term, not_nested, walk

Lock = tuple[str, str, str]
"""The file that makes it, the class whose instances keep it, and its name."""

_MAKERS = frozenset({"asyncio.Lock", "threading.Lock", "multiprocessing.Lock"})
"""What can be taken once only; an `RLock` can be taken again by who holds it."""
_FURTHEST = 3


def taken_twice(four: Four, side: Side) -> Iterator[Finding]:
    """What one side changed that takes a lock and then calls, holding it, what takes it again."""
    for changed in side.changed:
        function = changed.function
        if function is None or changed.module.language != "python":
            continue
        own = [
            each for tree in (side.tree, side.other.tree) for each in _waits(tree, function.path, changed.within)
        ]  # fmt: skip
        for lock, callee, line in _waits(four.merged, function.path, changed.within):
            if all((lock, _ref(callee)) != (held, _ref(called)) for held, called, _ in own):
                called = callee.name
                said = (
                    f"{function.name}() holds {lock[2]} and calls {called}(), which takes it, too, and waits for ever"
                )
                yield four.finding(
                    side, "doubled-concern", function.path, line, lock[2], said, about=(_ref(callee),), sure=0.92
                )  # fmt: skip
                break


def _ref(function: Function) -> str:
    return f"{function.path}#{function.qualname}"


def _waits(program: Program, path: str, within: str) -> Iterator[tuple[Lock, Function, int]]:
    """The locks of a function that something it calls takes again, with that and the line of the call."""
    module = program.module(path)
    function = functions_of(module).get(within) if module is not None else None
    if module is None or function is None:
        return
    for block in walk(function.body, into=not_nested):
        for lock in _taken(program, module, function, block):
            for call, callee in _calls(program, module, function, block.parts[-1], lock):
                if _takes(program, callee, lock, _FURTHEST):
                    yield lock, callee, call.line


def _taken(program: Program, module: Module, function: Function, block: Term) -> Iterator[Lock]:
    """The locks that a `with` holds."""
    for item in block.parts[:-1] if block.kind == "with" else ():
        lock = _lock(program, module, function, item.parts[-1] if item.kind == "assign" else item)
        if lock is not None:
            yield lock


def _lock(program: Program, module: Module, function: Function, held: Term) -> Lock | None:
    """The lock that a term means; None for anything else."""
    if held.kind == "name":
        bound = module.values.get(held.text)
        made = bound.parts[1] if bound is not None and len(bound.parts) > 1 else None
        if made is None or not _is_lock(made, module) or held.text in _bound_in(function):
            return None
        return module.path, "", held.text
    owner = module.classes.get(function.owner)
    if held.kind != "member" or held.parts[0].text != "self" or owner is None:
        return None
    for each in (owner, *program.bases_of(owner)[0]):
        kept = each.fields.get(held.text)
        home = program.module(each.path)
        if kept is not None and home is not None:
            return (each.path, each.name, held.text) if kept.parts and _is_lock(kept.parts[0], home) else None
    return None


def _is_lock(made: Term, module: Module) -> bool:
    return made.kind == "call" and qualified(dotted(made.parts[0]), module) in _MAKERS


def _bound_in(function: Function) -> frozenset[str]:
    """The names that a function gives something itself; what a `global` says of them is not read."""
    found = {each.text for each in function.parameters}
    for each in walk(function.body, into=not_nested):
        if each.kind in {"assign", "for"}:
            found |= {part.text for part in walk(each.parts[0]) if part.kind == "name"}
        elif each.kind == "import":
            found |= {part.note for part in each.parts}
    return frozenset(found)


def _calls(
    program: Program, module: Module, function: Function, body: Term, lock: Lock
) -> Iterator[tuple[Term, Function]]:
    """The calls that are made, and come to their end, while a block goes on, with what they mean."""
    within = list(walk(body, into=not_nested))
    awaited = {id(part) for each in within if each.kind == "await" for part in walk(each, into=not_nested)}
    for each in within:
        callee = _callee(program, module, function, each, lock) if each.kind == "call" else None
        if callee is not None and callee is not function and ("async" not in callee.flags or id(each) in awaited):
            yield each, callee


def _callee(program: Program, module: Module, function: Function, call: Term, lock: Lock) -> Function | None:
    """What a call means: a method of the same object, or where the lock is the module's, a function of a file."""
    called = call.parts[0]
    owner: Class | None = module.classes.get(function.owner)
    if called.kind == "member" and called.parts[0].text == "self" and owner is not None:
        found: object = program.member(owner, called.text)
    else:
        found = program.meaning(called.text, module) if called.kind == "name" and not lock[1] else None
    return found if isinstance(found, Function) and "generator" not in found.flags else None


def _takes(program: Program, function: Function, lock: Lock, further: int) -> bool:
    """Whether a function, or what it calls, takes a lock."""
    module = program.module(function.path)
    if module is None:
        return False
    blocks = list(walk(function.body, into=not_nested))
    if any(lock == each for block in blocks for each in _taken(program, module, function, block)):
        return True
    inner = _calls(program, module, function, function.body, lock) if further else ()
    return any(_takes(program, callee, lock, further - 1) for _, callee in inner)
