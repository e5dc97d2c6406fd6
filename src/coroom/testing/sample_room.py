"""A room with a morning's work in it, made by the real core: for tests of what shows a room, and for its pictures."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

from coroom.core import command as c
from coroom.core.action import Action, Effect
from coroom.core.agent import HOST, OPERATOR, Role
from coroom.core.claim import Mode
from coroom.core.decide.actions import LAND
from coroom.core.errors import Refused
from coroom.core.file import FileKind
from coroom.core.limits import Limits
from coroom.core.notice import NoticeKind
from coroom.core.resource import Footprint, Resource, Scheme, file
from coroom.host.host import Host
from coroom.log.memory import MemoryLog

START_MS = 1_760_000_000_000
"""When the sample begins; a fixed day, so that its pictures are the same each time."""

AGENTS = (
    ("ada", Role.IMPLEMENTER, "claude-code"),
    ("ben", Role.IMPLEMENTER, "codex"),
    ("cleo", Role.IMPLEMENTER, "opencode"),
    ("dov", Role.IMPLEMENTER, "gemini"),
    ("eve", Role.EVALUATOR, "builtin"),
    ("finn", Role.INTEGRATOR, "claude-code"),
)

_FILES = {
    "src/shop/cart.py": ("Cart", ("add", "remove", "total", "merge", "clear")),
    "src/shop/pricing.py": ("Price", ("net", "gross", "discount", "round_half_even", "currency")),
    "src/shop/checkout.py": ("Checkout", ("begin", "pay", "confirm", "cancel")),
    "src/shop/catalog.py": ("Catalog", ("find", "page", "reindex")),
    "src/shop/api.py": ("Routes", ("get_cart", "post_item", "post_checkout")),
    "tests/test_cart.py": ("TestCart", ("test_add", "test_total", "test_merge")),
}

_TASKS = (
    ("Cart totals keep cents exactly", ("src/shop/cart.py", "src/shop/pricing.py"), ()),
    ("Checkout is safe to repeat", ("src/shop/checkout.py",), ()),
    ("Search the catalog by several words", ("src/shop/catalog.py",), ()),
    ("Discounts by customer group", ("src/shop/pricing.py",), ("t1",)),
    ("The API answers in pages", ("src/shop/api.py", "src/shop/catalog.py"), ("t3",)),
    ("Merge the guest cart at login", ("src/shop/cart.py", "tests/test_cart.py"), ("t1",)),
    ("Refuse a payment that was cancelled", ("src/shop/checkout.py",), ("t2",)),
    ("Write the changelog of the release", ("CHANGELOG.md",), ("t4", "t5", "t6")),
)

_TOLD = (
    (NoticeKind.CONTRACT, "Price.net now returns Decimal; callers must not add floats to it."),
    (NoticeKind.NOTE, "I leave Catalog.reindex alone; cleo has it."),
    (NoticeKind.NOTE, "The guest cart is keyed by session id, not by cookie."),
    (NoticeKind.CONTRACT, "Checkout.begin takes an idempotency key as its second argument."),
    (NoticeKind.NOTE, "tests/test_cart.py runs in 0.4 s now; run it before you say done."),
)


@dataclass(slots=True)
class TellingClock:
    """A clock that stands still until it is told to go on."""

    ms: int = START_MS

    def now_ms(self) -> int:
        """The time it was last told, in milliseconds."""
        return self.ms


class WhenTold:
    """Performs each action at the moment the sample says so, and always with success."""

    def __init__(self) -> None:
        self._told: dict[str, asyncio.Event] = {}

    def tell(self, action: str) -> None:
        """Let the action end now."""
        self._told.setdefault(action, asyncio.Event()).set()

    async def perform(self, action: Action) -> c.FinishAction:
        """See `Performer.perform`."""
        await self._told.setdefault(action.id, asyncio.Event()).wait()
        return await self.probe(action)

    async def probe(self, action: Action) -> c.FinishAction:
        """See `Performer.probe`."""
        return c.FinishAction(action=action.id, ending="finished", result="exit 0")


@dataclass(slots=True)
class SampleRoom:
    """A running room under way: `host` serves it, `clock` moves its time. Close the host when done."""

    host: Host
    clock: TellingClock
    actions: WhenTold
    texts: dict[str, str] = field(default_factory=dict)
    chance: Random = field(default_factory=lambda: Random(7))  # noqa: S311  it picks delays, no secrets

    async def do(self, by: str, command: c.Command, after_ms: int = 0) -> c.Good:
        """Let `by` do it, `after_ms` later. What the sample does is never refused."""
        reply = await self.attempt(by, command, after_ms)
        assert not isinstance(reply, Refused), (by, command, reply)
        return reply

    async def attempt(self, by: str, command: c.Command, after_ms: int = 0) -> c.Good | Refused:
        """Let `by` try it."""
        self.clock.ms += after_ms
        return await self.host.submit(by, command)

    async def write(self, by: str, path: str, text: str, *, settles: str = "", symbol: str = "") -> None:
        """An edit that is accepted."""
        head = self.host.state.head(path)
        touched = Resource(Scheme.SYMBOL, f"{path}#{symbol}") if symbol else file(path)
        blob = text.encode()
        reply = await self.host.submit(
            by,
            c.AcceptEdit(
                path=path,
                kind=FileKind.TEXT,
                blob=_hash(blob),
                written=_hash(blob),
                expected=head.version if head else 0,
                touched=(touched,),
                size=len(blob),
                layer="lines",
                settles=settles,
            ),
            blobs={_hash(blob): blob},
        )
        assert not isinstance(reply, Refused), reply
        self.texts[path] = text

    async def hold(self, by: str, path: str, mine: str, theirs: str, reason: str) -> str:
        """An edit that meets another's and is held; `theirs` is accepted first. Returns the held edit's id."""
        base = self.texts[path]
        other = next(agent.name for agent in self.host.state.present() if agent.name != by)
        await self.write(other, path, theirs)
        sides = {_hash(side.encode()): side.encode() for side in (base, theirs, mine)}
        names = [_hash(side.encode()) for side in (base, theirs, mine)]
        reply = await self.host.submit(
            by,
            c.HoldEdit(
                path=path, base=names[0], theirs=names[1], mine=names[2], mine_kind=FileKind.TEXT, reason=reason
            ),
            blobs=sides,
        )
        assert isinstance(reply, c.Held), reply
        return reply.held


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _method(name: str, body: str) -> str:
    return f"    def {name}(self, value):\n        {body}\n        return value\n"


def _module(name: str, methods: Sequence[str]) -> str:
    return f'"""The {name.lower()} of the shop."""\n\n\nclass {name}:\n' + "\n".join(
        _method(method, f"# {method} of the first version") for method in methods
    )


async def sample_room(*, rounds: int = 4, limits: Limits = Limits()) -> SampleRoom:
    """About fifty events for each round: six agents, their claims, edits, conflicts, talk, checks and landings."""
    clock, actions = TellingClock(), WhenTold()
    host = await Host.open(MemoryLog(), clock, {"shell": actions, LAND: actions})
    room = SampleRoom(host, clock, actions)
    await room.do(OPERATOR, c.OpenRoom(room="shop", policy="open", limits=limits, repository="acme/shop"))
    await _seed(room)
    for number, (title, touches, after) in enumerate(_TASKS, start=1):
        resources = tuple(file(path) for path in touches)
        await room.do(OPERATOR, c.PostTask(title=title, touches=resources, after=after, task=f"t{number}"), 400)
    for name, role, client in AGENTS:
        await room.do(OPERATOR, c.Join(agent=name, secret_hash=_hash(name.encode()), role=role, client=client), 900)
    for number in range(rounds):
        await _round(room, number)
    await _as_it_stands(room)
    return room


async def _seed(room: SampleRoom) -> None:
    room.texts.update({path: _module(name, methods) for path, (name, methods) in _FILES.items()})
    blobs = {_hash(text.encode()): text.encode() for text in room.texts.values()}
    files = tuple(
        (path, FileKind.TEXT, _hash(text.encode()), False, len(text.encode())) for path, text in room.texts.items()
    )
    await room.host.submit(HOST, c.SeedFiles(files), blobs=blobs)


async def _round(room: SampleRoom, number: int) -> None:
    """Everybody takes what is free, works, talks; what conflicted is settled; the tree is checked."""
    workers = [name for name, role, _ in AGENTS if role is Role.IMPLEMENTER]
    for name in workers:
        await room.attempt(name, c.TakeTask(), 1_500)
    for turn in range(2):
        for name in workers:
            await _work(room, name, number * 2 + turn)
    path = list(_FILES)[number % 4]
    speaker = workers[number % 4]
    kind, text = _TOLD[number % len(_TOLD)]
    await room.do(speaker, c.Say(kind=kind, text=text, resources=(file(path),)), 2_000)
    await _conflict(room, workers[(number + 1) % 4], path, number)
    await _check(room, number)
    finisher = workers[number % 4]
    if room.host.state.agents[finisher].task and not room.host.state.open_held(finisher):
        await room.do(finisher, c.FinishTask(summary="Done; the tests of the module pass."), 2_500)
    if number % 2:
        await _land(room, number)


async def _work(room: SampleRoom, name: str, turn: int) -> None:
    paths = list(_FILES)
    path = paths[(turn + len(name) + ord(name[0])) % len(paths)]
    wanted = c.ClaimResources(
        resources=(file(path),),
        mode=Mode.EXCLUSIVE if turn % 3 == 0 else Mode.SHARED,
        purpose=f"rework {_FILES[path][0]}",
        ttl_ms=90_000,
    )
    granted = await room.attempt(name, wanted, room.chance.randrange(400, 2_500))
    if isinstance(granted, Refused):
        note = "Waiting for it; I do the tests meanwhile."
        await room.do(name, c.Say(kind=NoticeKind.NOTE, text=note, resources=(file(path),)), 700)
        return
    read = (path, paths[turn % len(paths)])
    heads = {one: room.host.state.head(one) for one in read}
    await room.do(name, c.NoteReads(tuple((one, head.version) for one, head in heads.items() if head)), 300)
    class_name, methods = _FILES[path]
    method = methods[turn % len(methods)]
    for step in range(room.chance.randrange(1, 3)):
        text = room.texts[path]
        head, mark, tail = text.partition(f"def {method}(self, value):\n")
        line = f"        # {name} made this exact in turn {turn}.{step}\n"
        room.clock.ms += room.chance.randrange(900, 4_000)
        await room.write(name, path, head + mark + line + tail, symbol=f"{class_name}.{method}")
    if turn % 2:
        await _run_tests(room, name)
    await room.do(name, c.Release((file(path),)), 600)


async def _run_tests(room: SampleRoom, name: str) -> None:
    start = c.StartAction(
        tool="shell", footprint=Footprint(), effect=Effect.REPLAYABLE, arguments="python -m pytest -q tests"
    )
    started = await room.do(name, start, 400)
    await _end(room, started, room.chance.randrange(2_000, 9_000))


async def _end(room: SampleRoom, started: c.Good, after_ms: int) -> None:
    assert isinstance(started, c.Started)
    room.clock.ms += after_ms
    room.actions.tell(started.action)
    await room.host.ended(started.action)


async def _conflict(room: SampleRoom, name: str, path: str, number: int) -> None:
    room.clock.ms += 1_200
    text = room.texts[path]
    method = _FILES[path][1][0]
    marker = f"# {method} of the first version"
    mine = text.replace(marker, f"value = round(value, 2)  # {name}'s rounding")
    theirs = text.replace(marker, "value = Decimal(value)  # exact, as the contract says")
    if mine == theirs:
        mine, theirs = text + f"\n\nLIMIT = {number}\n", text + f"\n\nLIMIT = {number + 10}\n"
    held = await room.hold(name, path, mine, theirs, f"both changed {_FILES[path][0]}.{method}")
    if number % 3 == 2:
        await room.do(OPERATOR, c.DropHeld(held, "the room's text is the right one"), 3_000)
    else:
        room.clock.ms += 4_000
        await room.write(name, path, theirs + f"\n# {name} combined both\n", settles=held)


async def _check(room: SampleRoom, number: int) -> None:
    finding = await room.do(
        "eve",
        c.RaiseFinding(
            check="changed-signature",
            path="src/shop/api.py",
            at_line=12 + number,
            symbol="Routes.post_item",
            message="post_item calls Cart.add with one argument; ada changed it to take two.",
            agents=("ada", "cleo"),
        ),
        800,
    )
    tree = _hash(f"tree {number}".encode())[:40]
    passed = number != 2
    summary = "214 passed in 3.1 s" if passed else "2 failed, 212 passed: test_cart.py::test_merge"
    await room.do("eve", c.GiveVerdict(tree=tree, check="tests", passed=passed, summary=summary, to="finn"), 3_100)
    assert isinstance(finding, c.Ok)
    await room.do("eve", c.CloseFinding(finding.id), 900)


async def _land(room: SampleRoom, number: int) -> None:
    tree = _hash(f"tree {number}".encode())[:40]
    landing = c.StartLanding(
        ref="coroom/shop",
        commit=_hash(f"commit {number}".encode())[:40],
        tree=tree,
        tasks=tuple(t.id for t in room.host.state.tasks.values() if t.done_seq),
        version=room.host.state.version,
    )
    await _end(room, await room.do("finn", landing, 1_100), 400)


async def _as_it_stands(room: SampleRoom) -> None:
    """What is open when the picture is taken: work, a conflict of each kind, a question and somebody paused."""
    for name in ("ada", "ben", "cleo", "dov"):
        await room.attempt(name, c.TakeTask(), 700)
    for name, tokens_in, tokens_out, cost in (("ada", 412_000, 9_100, 1_640_000), ("ben", 88_000, 2_300, 0)):
        used = c.NoteSpent(agent=name, input_tokens=tokens_in, output_tokens=tokens_out, cost_micro_usd=cost)
        await room.do(HOST, used)
    path = "src/shop/pricing.py"
    text = room.texts[path]
    mine = text.replace("    def gross(self, value):\n", "    def gross(self, value, rate=0.19):\n")
    theirs = text.replace("    def gross(self, value):\n", "    def gross(self, value, *, vat):\n")
    await room.hold("ben", path, mine, theirs, "both changed the signature of Price.gross")
    checkout = room.texts["src/shop/checkout.py"]
    await room.hold(
        "dov",
        "src/shop/checkout.py",
        checkout.replace("# pay of the first version", "retry(3)"),
        checkout.replace("# pay of the first version", "once(key)"),
        "both rewrote Checkout.pay",
    )
    await room.do("dov", c.Leave("dov", "its session ended"), 1_800)
    for name, path, mode, purpose in (
        ("ada", "src/shop/cart.py", Mode.EXCLUSIVE, "merge the guest cart"),
        ("ben", "src/shop/pricing.py", Mode.SHARED, "discounts by group"),
        ("cleo", "src/shop/catalog.py", Mode.EXCLUSIVE, "several words in one search"),
    ):
        claim = c.ClaimResources(resources=(file(path),), mode=mode, purpose=purpose, ttl_ms=110_000)
        await room.do(name, claim, 2_000)
    refused = c.ClaimResources(resources=(file("src/shop/cart.py"),), purpose="fix test_merge")
    await room.attempt("finn", refused, 400)
    await room.do(
        "eve",
        c.RaiseFinding(
            check="unresolved-name",
            path="src/shop/checkout.py",
            at_line=31,
            symbol="round_half_even",
            message="Checkout.confirm uses round_half_even, which ada removed from pricing.",
            agents=("ada", "ben"),
        ),
        900,
    )
    question = "Shall discounts stack with vouchers, or does the larger one win?"
    await room.do("ben", c.Say(kind=NoticeKind.QUESTION, text=question, to=OPERATOR, about=""), 1_500)
    await room.do(OPERATOR, c.Pause("cleo"), 2_500)
    room.clock.ms += 2_000
