"""An edit is judged against what the room has accepted meanwhile, then accepted, or held as a value."""

import asyncio
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.errors import Code, Refused
from coroom.core.file import SHARED_LINE, FileKind, HeldEdit
from coroom.core.resource import Resource, file
from coroom.host.edits.bases import Base, Began, base_of, known
from coroom.host.edits.content import ABSENT, Content
from coroom.host.edits.files import Files
from coroom.host.edits.joining import UnjoinedLines
from coroom.host.edits.judge import Clean, Conflict, by_hand, combines, judge, other_side, touched
from coroom.host.host import Host
from coroom.workspace.names import Refusal, check_name, link_stays_beneath

STALE_RETRIES_MAX = 50
"""A head that moves this often under one edit means that something loops."""

ROUNDS_MAX = 6
"""Accepted versions of one file that swing between two texts before the room calls it a loop."""

EASY_BYTES = 8_192
"""Judging less than this takes no time worth giving way for."""

HARD_BYTES = 262_144
"""Judging more than this would hold the loop up, and goes to a thread."""

IN_DOUBT = (
    "it takes back what has been changed here, and whether you had read that is not known: "
    "it was written outside your tools, perhaps from an older text"
)

SWINGS_KEPT = 1_000
"""Paths whose latest texts are remembered: those that changed last. What replaces itself for ever is among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Something that somebody wrote, and what it may have begun from. `after` is the blob that stood there last."""

    began: Began
    path: str
    new: Content
    after: str = ""
    renamed_from: str = ""
    operation: str = ""
    asked: str = ""

    @property
    def author(self) -> str:
        """Who wrote it."""
        return self.began.author


@dataclass(slots=True)
class _Swings:
    """The latest accepted texts of each path, to notice two that replace each other for ever."""

    last: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def note(self, path: str, author: str, blob: str) -> None:
        self.last[path] = [*self.last.pop(path, []), (author, blob)][-ROUNDS_MAX:]
        if len(self.last) > SWINGS_KEPT:
            del self.last[next(iter(self.last))]

    def goes_on(self, path: str, blob: str) -> bool:
        last = self.last.get(path, [])
        if len(last) < ROUNDS_MAX or blob != last[-2][1]:
            return False
        alternate = all(last[i][1] == last[i - 2][1] and last[i][1] != last[i - 1][1] for i in range(2, len(last)))
        return alternate and len({author for author, _ in last}) > 1


class Acceptance:
    """Takes edits into one room. Everything about one path happens one after another."""

    def __init__(self, host: Host, files: Files) -> None:
        self._host = host
        self._files = files
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._thinking = asyncio.Lock()
        self._swings = _Swings()
        self._lines = UnjoinedLines(host)
        self._asking = asyncio.Lock()

    async def write(
        self, agent: str, path: str, new: Content, base: Content, operation: str = "", asked: str = ""
    ) -> c.Accepted | c.Held | Refused:
        """Take in a text that an agent made from `base` without a disk of its own, by a call that `asked` tells from
        others.
        """
        edit = Edit(began=known(agent, base), path=path, new=new, operation=operation, asked=asked)
        async with self.lock(path):
            return await self.take_in(edit)

    async def force(self, agent: str, held: HeldEdit, content: Content) -> c.Good | Refused:
        """Take `content` whole as the accepted text: the author of a held edit has decided."""
        line = self._files.line_of(held.agent)
        edit = Edit(began=known(agent, content), path=held.path, new=content)
        async with self.lock(held.path):
            for _ in range(STALE_RETRIES_MAX):
                own = self._host.state.head(held.path, line)
                before = self._files.content(self._files.head(held.path, line))
                what = touched(held.path, before, content)
                reply = await self._accept(
                    edit, line, own.version if own else 0, Clean(content, "chosen"), what, held.id
                )
                if not isinstance(reply, Refused) or reply.code is not Code.STALE:
                    return reply
        return Refused(Code.STALE, f"{held.path} never stood still.", "Answer again.")

    async def take_in(self, edit: Edit) -> c.Accepted | c.Held | Refused:
        """Judge, then ask the room; again when the head has moved meanwhile. Refused: not even held. The caller has the
        path's lock.
        """
        line = self._files.line_of(edit.author)
        if FileKind.ABSENT not in {edit.new.kind, edit.began.newest.kind} and not edit.renamed_from:
            edit = replace(edit, path=self._files.moved_to(edit.path, line) or edit.path)
        path = edit.path
        wrong = _not_carried(path, edit.new)
        if wrong:
            return await self.hold(edit, line, wrong)
        base = edit.began.newest
        for _ in range(STALE_RETRIES_MAX):
            own = self._host.state.head(edit.renamed_from or path, line)
            head = self._files.content(self._files.head(edit.renamed_from or path, line))
            base, verdict, what, settles = await self._judged(edit, head)
            if isinstance(verdict, Conflict):
                return await self.hold(edit, line, verdict, settles)
            if self._swings.goes_on(path, verdict.content.blob):
                loop = Conflict("the same two texts replace each other in turn (two formatters?)", base)
                return await self.hold(edit, line, loop, settles)
            if edit.renamed_from:
                own = self._host.state.head(path, line)
                # It takes the old name away, too: who holds that, or a part of it, has a say in this.
                what = (*what, file(edit.renamed_from))
            reply = await self._accept(edit, line, own.version if own else 0, verdict, what, settles)
            if isinstance(reply, c.Accepted):
                self._swings.note(path, edit.author, verdict.content.blob)
                return reply
            assert isinstance(reply, Refused)
            if reply.code is not Code.STALE:
                return await self.hold(edit, line, Conflict(reply.why, base), settles)
        return await self.hold(edit, line, Conflict("the file never stood still", base))

    async def _judged(self, edit: Edit, head: Content) -> tuple[Content, Clean | Conflict, tuple[Resource, ...], str]:
        """The base that the edit is taken to have, the verdict, what it touches, and the held edit that it goes on
        with: such an edit began with what both sides of that began with; begun from the held text, it would drop it.
        What was held in joining is on the line already: only its combination with what it had met goes on with that.
        """
        held = self._files.open_held(edit.author, edit.path)
        joins = held is not None and await self._was_held_in_joining(held)
        told = held is not None and all(notice.about != held.id for notice in self._host.state.inbox(edit.author))
        sides = tuple(map(self._files.of_blob, (held.base, held.theirs, held.mine))) if held else ()

        def think() -> tuple[Content, Clean | Conflict, tuple[Resource, ...], str]:
            base = base_of(edit.began, edit.new)
            if joins:
                settled = _settling_joined(base, head, edit, sides, told=told)
                goes_on = settled is not None
            else:
                goes_on = held is not None and (told or _goes_on(edit, sides))
                settled = _settling(edit, head, sides, told=told) if goes_on else None
            base = Base(sides[0]) if goes_on else base
            verdict = settled or _judged_from(base, head, edit)
            what = () if isinstance(verdict, Conflict) else touched(edit.path, head, verdict.content)
            return base.content, verdict, what, held.id if held and goes_on else ""

        size = edit.new.size + head.size
        if size + edit.new.size * len(edit.began.texts) > HARD_BYTES:
            return await asyncio.to_thread(think)
        if size < EASY_BYTES or FileKind.ABSENT in {head.kind, edit.new.kind}:
            return think()
        async with self._thinking:
            # One judgement in each round of the loop: a hundred files that arrive together must not hold it up.
            await asyncio.sleep(0)
            return think()

    async def _accept(
        self, edit: Edit, line: str, expected: int, verdict: Clean, what: tuple[Resource, ...], settles: str
    ) -> c.Good | Refused:
        content = verdict.content
        command = c.AcceptEdit(
            path=edit.path,
            kind=content.kind,
            blob=content.blob,
            written=edit.new.blob,
            expected=expected,
            touched=what,
            executable=content.executable,
            size=content.size,
            layer=verdict.layer,
            line=line,
            renamed_from=edit.renamed_from,
            settles=settles,
            asked=edit.asked,
        )
        return await self._host.submit(edit.author, command, edit.operation, _blobs(edit.new, content))

    async def hold(self, edit: Edit, line: str, conflict: Conflict, goes_on: str = "") -> c.Held | Refused:
        """Store the edit as held. `goes_on` is the author's held edit that it contains; another one stays as it is."""
        held = self._files.open_held(edit.author, edit.path)
        if held and held.id != goes_on and held.mine != edit.new.blob:
            # It would take the place of one that its author may not know to be held, and that it does not contain.
            why = f"your edit {held.id} of {edit.path} is held and not in this one, which does not merge either"
            return Refused(Code.WAIT, why, "Call sync, then answer it; this one stays on your disk until then.")
        theirs = self._files.content(self._files.head(edit.path, line))
        base = self._files.with_data(conflict.base)
        if base.size + theirs.size < EASY_BYTES:
            detail = other_side(base, theirs, edit.path)
        else:
            detail = await asyncio.to_thread(other_side, base, theirs, edit.path)
        command = c.HoldEdit(
            path=edit.path,
            base=base.blob,
            theirs=theirs.blob,
            mine=edit.new.blob,
            mine_kind=edit.new.kind,
            mine_executable=edit.new.executable,
            reason=conflict.reason,
            parts=conflict.parts,
            detail=detail,
        )
        by = HOST if edit.author == OPERATOR else edit.author
        reply = await self._host.submit(by, command, blobs=_blobs(edit.new, base))
        assert isinstance(reply, c.Held | Refused)
        return reply

    async def settled_by_itself(self, author: str, path: str) -> None:
        """The author's disk holds the room's text: what it had held there is given up."""
        held = self._files.open_held(author, path)
        if held and not await self._was_held_in_joining(held):
            await self._host.submit(author, c.DropHeld(held.id, "the author took the room's text"))

    async def _was_held_in_joining(self, held: HeldEdit) -> bool:
        """Whether its text is on its author's own line, and met what others have landed."""
        if self._files.line_of(held.agent) == SHARED_LINE:
            return False
        async with self._asking:
            return await asyncio.to_thread(self._lines.holds, held.id)

    def lock(self, path: str) -> asyncio.Lock:
        """The one lock of that path, for as long as anybody holds it or waits for it."""
        lock = self._locks.get(path)
        if lock is None:
            lock = self._locks[path] = asyncio.Lock()
        return lock


def _judged_from(base: Base, head: Content, edit: Edit) -> Clean | Conflict:
    if base.in_doubt and edit.new != head:
        return Conflict(IN_DOUBT, base.content)
    return judge(base.content, head, edit.new, edit.path)


def _goes_on(edit: Edit, sides: tuple[Content, ...]) -> bool:
    """Whether the edit was made from its author's held one (base, theirs, mine), or holds it all."""
    first, _, mine = sides
    return mine.blob == edit.after or combines(first, mine, edit.new)


def _settling(edit: Edit, head: Content, sides: tuple[Content, ...], *, told: bool) -> Clean | None:
    """Whether the edit is its author's combination of its held edit (base, theirs, mine) with the room's text."""
    base, theirs, mine = sides
    if combines(base, theirs, edit.new):
        verdict = judge(theirs, head, edit.new, edit.path)
        return verdict if isinstance(verdict, Clean) else None
    settled = by_hand(base, head, mine, edit.new, edit.path) if told else None
    return Clean(settled, "by hand") if settled else None


def _settling_joined(base: Base, head: Content, edit: Edit, sides: tuple[Content, ...], *, told: bool) -> Clean | None:
    """The same of an edit that was held in joining: the room's text is the one that it met, and its own is what its
    line, `head`, has by now.
    """
    first, theirs, _ = sides
    combined = _settling(edit, theirs, (first, theirs, head), told=told)
    verdict = _judged_from(base, head, replace(edit, new=combined.content)) if combined else None
    return verdict if isinstance(verdict, Clean) else None


def _not_carried(path: str, new: Content) -> Conflict | None:
    name = check_name(path)
    if isinstance(name, Refusal):
        return Conflict(f"the room does not carry that name: {name.detail}", ABSENT)
    if new.kind is FileKind.SYMLINK and not link_stays_beneath(path, new.data or b""):
        return Conflict("the link points out of the repository", ABSENT)
    return None


def _blobs(*contents: Content) -> dict[str, bytes]:
    return {one.blob: one.data for one in contents if one.blob and one.data is not None}
