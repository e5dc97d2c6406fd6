"""A board that is planned again while agents are at work."""

from collections.abc import AsyncIterator

import pytest

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.event import NoticeSent
from coroom.core.file import FileKind
from coroom.core.resource import Resource, Scheme, file
from coroom.host.clock import SystemClock
from coroom.host.host import Host
from coroom.host.plans.replanning import Edge, Replanning
from coroom.host.plans.resolving import Resolver
from coroom.log.memory import MemoryLog
from coroom.plan.history import CoChange
from coroom.workspace.states import content_hash

LEXER = "def tokens(text):\n    return text.split()\n\n\ndef words(text):\n    return tokens(text)\n"


class Scene:
    """A room with one file, whose board is planned again."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.replanning: Replanning | None = None

    def watched(self, *planned: Edge, resolver: Resolver | None = None) -> None:
        self.replanning = Replanning(self.host, CoChange(), frozenset(planned), resolver)

    async def rest(self) -> None:
        assert self.replanning is not None
        await self.replanning.rest()

    async def post(self, name: str, *touches: Resource, after: tuple[str, ...] = ()) -> None:
        title = f"do {name}"
        posted = c.PostTask(title=title, task=name, touches=touches, after=after, despite_duplicate=True)
        assert isinstance(await self.host.submit(OPERATOR, posted), c.Posted)

    async def do(self, by: str, command: c.Command) -> None:
        reply = await self.host.submit(by, command)
        assert isinstance(reply, c.Good), reply

    async def write(self, path: str, text: str, kind: FileKind = FileKind.TEXT) -> None:
        data = text.encode()
        name = content_hash(data) if kind is FileKind.TEXT else ""
        head = self.host.state.head(path)
        command = c.AcceptEdit(path=path, kind=kind, blob=name, written=name, expected=head.version if head else 0,
                               touched=(file(path),), size=len(data))  # fmt: skip
        reply = await self.host.submit("ada", command, blobs={name: data} if name else {})
        assert isinstance(reply, c.Accepted), reply

    def after(self, name: str) -> tuple[str, ...]:
        return self.host.state.tasks[name].after

    def told(self) -> list[str]:
        sent = [each.body for each in self.host.events(0, self.host.state.seq) if isinstance(each.body, NoticeSent)]
        return [body.text for body in sent if body.to == OPERATOR and body.sender == HOST]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    host = await Host.open(MemoryLog(), SystemClock())
    found = Scene(host)
    await found.do(OPERATOR, c.OpenRoom(room="r", policy="open"))
    for name in ("ada", "bob"):
        await found.do(HOST, c.Join(agent=name, secret_hash=name[0] * 64))
    await found.write("lexer.py", LEXER)
    await found.write("mail.py", "def send():\n    return 0\n")
    yield found
    if found.replanning is not None:
        await found.replanning.close()
    await host.close()


def symbol(name: str) -> Resource:
    return Resource(Scheme.SYMBOL, name)


TOKENS, SEND = symbol("lexer.py#tokens"), symbol("mail.py#send")


async def test_a_task_that_is_posted_later_waits_for_the_one_it_is_coupled_with(scene: Scene) -> None:
    scene.watched()
    await scene.post("a", TOKENS)
    await scene.do("ada", c.TakeTask("a"))
    await scene.post("b", SEND)
    await scene.post("c", TOKENS)
    await scene.rest()
    assert (scene.after("b"), scene.after("c")) == ((), ("a",))
    assert any("Task c waits for a now: both change tokens" in text for text in scene.told())


async def test_what_a_plan_put_in_order_and_is_not_coupled_any_more_waits_no_longer(scene: Scene) -> None:
    await scene.post("a", SEND)
    await scene.post("b", TOKENS, after=("a",))
    await scene.post("given", symbol("lexer.py#words"), after=("a",))
    scene.watched(("b", "a"))
    await scene.post("d", SEND)
    await scene.rest()
    assert (scene.after("b"), scene.after("given"), scene.after("d")) == ((), ("a",), ("a",))
    assert any("Task b waits for a no longer" in text for text in scene.told())


async def test_a_task_under_way_goes_before_an_open_one_that_was_there_first(scene: Scene) -> None:
    scene.watched()
    await scene.post("a", TOKENS)
    await scene.post("z", SEND)
    await scene.post("b", TOKENS)
    await scene.rest()
    assert scene.after("b") == ("a",)
    await scene.do(HOST, c.OrderTask("b", ()))
    await scene.do("ada", c.TakeTask("b"))
    await scene.do("bob", c.TakeTask("z"))
    await scene.do("bob", c.FinishTask())
    await scene.rest()
    assert scene.after("a") == ("b",)


async def test_code_that_a_task_touches_and_that_has_gone_is_told(scene: Scene) -> None:
    scene.watched()
    await scene.post("a", TOKENS)
    await scene.post("b", SEND)
    await scene.post("d", symbol("mail.py#made_later"))
    await scene.rest()
    await scene.do("ada", c.TakeTask("b"))
    await scene.write("lexer.py", "def scan(text):\n    return text\n")
    await scene.do("ada", c.FinishTask())
    await scene.rest()
    (told,) = (text for text in scene.told() if "no longer there" in text)
    assert told.startswith("Task a touches what is no longer there: symbol:lexer.py#tokens.")


async def test_who_defines_goes_first_where_a_language_server_tells_what_is_used(scene: Scene) -> None:
    boxes = "".join(
        f"class {name}:\n    def add(self):\n        pass\n\n\n" for name in ("Bin", "Cart", "Jar", "Store")
    )
    await scene.write("store.py", boxes)
    await scene.write("order.py", "from store import Store\n\n\ndef pay(it: Store):\n    it.add()\n")
    scene.watched(resolver=Resolver(wanted="ty", isolation="plain", within_s=110))
    await scene.post("pays", symbol("order.py#pay"), TOKENS)
    await scene.post("adds", symbol("store.py#Store.add"), TOKENS)
    await scene.rest()
    assert (scene.after("pays"), scene.after("adds")) == (("adds",), ())
