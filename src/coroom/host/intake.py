"""What agents wrote goes in: judged against what the room has accepted meanwhile, then accepted, or held as a value."""

import asyncio
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.errors import Code, Refused
from coroom.core.file import FileKind, HeldEdit
from coroom.core.resource import Resource, file
from coroom.host.bases import Base, Began, Stood, base_of, known
from coroom.host.content import ABSENT, MIRROR_BYTES_MAX, Content, of_state, of_version
from coroom.host.files import Files
from coroom.host.host import Host
from coroom.host.judge import Clean, Conflict, by_hand, combines, judge, other_side, touched
from coroom.host.mirror import Mirror
from coroom.host.past import Past
from coroom.host.shadow import RECENT_MAX, Was
from coroom.workspace.names import Refusal, RefusalReason, check_name, link_stays_beneath
from coroom.workspace.states import FileState, Kind, Signature, trusted

STALE_RETRIES_MAX = 50
"""A head that moves this often under one edit means that something loops."""

ROUNDS_MAX = 6
"""Accepted versions of one file that swing between two texts before the room calls it a loop."""

SETTLE_S = 0.02
"""A file seen half-made is looked at again after this long."""

REFUSED_S = 5.0
"""An edit that could not even be held stays on its disk, and is offered again after this long."""

EASY_BYTES = 8_192
"""Judging less than this takes no time worth giving way for."""

HARD_BYTES = 262_144
"""Judging more than this would hold the loop up, and goes to a thread."""

IN_DOUBT = (
    "it takes back what others have changed here, and whether you had read that is not known: "
    "it was written outside your tools, perhaps from an older text"
)

SWINGS_KEPT = 1_000
"""Paths whose latest texts are remembered: those that changed last. What replaces itself for ever is among them."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at a path of a mirror's disk. `unfinished`: some program is in the middle of writing it."""

    path: str
    found: FileState | Refusal
    at_ns: int
    unfinished: bool = False


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


class Intake:
    """Takes edits into one room. Everything about one path happens one after another."""

    def __init__(self, host: Host, files: Files) -> None:
        self._host = host
        self._files = files
        self._past = Past(host)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._thinking = asyncio.Lock()
        self._swings = _Swings()

    async def take_look(self, mirror: Mirror, look: Look) -> None:
        """Take in what was found at one path of a mirror's disk."""
        path, found = look.path, look.found
        known = mirror.shadow.holds(path)
        if isinstance(found, Refusal):
            if known and found.reason is RefusalReason.NOT_BENEATH:
                await self._changed(mirror, path, ABSENT, None, None)
            else:
                await self._files.tell_once(mirror, path, f"{path} cannot be read: {found.detail}.")
            return
        new = of_state(found)
        if found.kind in {Kind.DIRECTORY, Kind.OTHER} and known:
            new = ABSENT
        if new is None:
            if found.oversize:
                limit = f"{MIRROR_BYTES_MAX >> 20} MiB"
                await self._files.tell_once(mirror, path, f"{path} is over {limit}: it stays on your disk, unmirrored.")
            return
        if not found.settled or look.unfinished:
            mirror.look_at(path, SETTLE_S)
            return
        changed_ns = found.signature.ctime_ns if found.signature and new is not ABSENT else None
        await self._changed(mirror, path, new, trusted(found.signature, look.at_ns), changed_ns)

    async def _changed(
        self, mirror: Mirror, path: str, new: Content, signature: Signature | None, changed_ns: int | None
    ) -> None:
        async with self._lock(path):
            was = mirror.shadow[path]
            if new == was.content and not was.coming:
                mirror.shadow.looks(path, signature)
                return
            author = self._files.author(mirror, path)
            line = self._files.line_of(author)
            head = self._files.head(path, line)
            version, by = 0, ""
            if new == of_version(head):
                version = head.version if head else 0
                by = "" if _is_of_the_room(new, was) else author
                await self._settled_by_itself(author, path)
            elif not (_is_of_the_room(new, was) or new.blob in mirror.already.get(path, ())):
                began = self._began(mirror, author, path, new, changed_ns)
                edit = Edit(began=began, path=path, new=new, after=began.newest.blob)
                by = author
                back = await self._is_taken_back(mirror, author, path, new)
                if back and mirror.took_back(path) < ROUNDS_MAX:
                    mirror.shadow.has(path, new, 0, signature, self._host.state.seq)
                    mirror.put_soon(path)
                    return
                why = "something here brings back an older text again and again"
                reply = await (
                    self._hold(edit, line, Conflict(why, began.texts[-1].content)) if back else self._take_in(edit)
                )
                if isinstance(reply, Refused):
                    # Not stored, so it must not count as seen: it stays where it is, and nothing is put over it.
                    mirror.look_at(path, REFUSED_S)
                    await self._files.tell_once(mirror, path, f"{path} is not taken in: {reply.why}")
                    return
                if isinstance(reply, c.Accepted) and new == of_version(self._files.head(path, line)):
                    version = reply.version
            # Only now: killed before this, the room finds the change again and knows it by its text.
            mirror.shadow.has(path, new, version, signature, self._host.state.seq, by=by)
        mirror.put_soon(path)

    async def _is_taken_back(self, mirror: Mirror, author: str, path: str, new: Content) -> bool:
        """Whether an older text of the path stands there from before others changed it, or others' file is gone, and no
        tool is known to have done it: `git stash`, `reset`, `clean` or `checkout` in a mirror know only what was
        committed there.
        """
        if new.kind is FileKind.ABSENT:
            return self._is_cleaned_away(mirror, author, path)
        if author == OPERATOR or mirror.writes(author, path) or self._files.blobs.get(new.blob) is None:
            return False
        was, head = mirror.shadow[path], self._files.head(path, self._files.line_of(author))
        if was.content.kind is FileKind.ABSENT:
            seen = head.version if head else 0
        else:
            seen = next((v for v in (was.version, *(earlier.version for earlier in was.recent)) if v), 0)
        return await self._past.others_since(path, new.blob, author, seen)

    def _is_cleaned_away(self, mirror: Mirror, author: str, path: str) -> bool:
        head = self._files.head(path, self._files.line_of(author))
        others = head is not None and head.by != author and head.by in self._host.state.agents
        return others and author != OPERATOR and not mirror.writes(author, path) and mirror.git_acts(author)

    def _began(self, mirror: Mirror, author: str, path: str, new: Content, changed_ns: int | None) -> Began:
        """What the author may have begun from: the text on its disk, and those before it that it has read last."""
        texts, forgotten = self._stood(mirror, author, path)
        already = mirror.already.get(path)
        if already:
            texts = [Stood(self._files.of_blob(already[-1]), author), *texts]
        just_put = mirror.just_put(path)
        # A person sees what they overwrite.
        sure = author == OPERATOR or mirror.wrote_by_tool(author, changed_ns)
        if FileKind.TEXT not in {new.kind, texts[0].content.kind}:
            # Such a file is not changed in parts by who had read it: who replaces it, or takes it away, means to.
            sure = sure or not just_put
        return Began(author=author, texts=tuple(texts), forgotten=forgotten, sure=sure, just_put=just_put)

    def _stood(self, mirror: Mirror, author: str, path: str) -> tuple[list[Stood], bool]:
        """The texts that stood at the path, newest first, back to the last that the author is known to have read; and
        whether there were older ones.
        """
        was = mirror.shadow[path]
        texts = [Stood(self._files.with_data(was.content), was.by)]
        if was.content.kind is FileKind.ABSENT:
            return texts, False
        # Not what the room counts as read: of a version that was merged from its write the author has seen only a part.
        read = mirror.last_read(author, path)
        for earlier in was.recent:
            if earlier.version and earlier.version < read:
                return texts, False
            content = self._files.of_blob(earlier.blob)
            if content.kind is not FileKind.ABSENT:
                texts.append(Stood(replace(content, executable=was.content.executable), earlier.by))
        return texts, len(was.recent) == RECENT_MAX

    async def take_displaced(self, mirror: Mirror, path: str, state: FileState, before: str) -> bool:
        """Take in a text that somebody wrote to a file while the room replaced it; `before` is its base.

        Returns:
            Whether the room has it now; if not, it must be kept.
        """
        new = of_state(state)
        if new is None:
            await self._files.tell_once(mirror, path, f"A write to {path} that the room replaced is kept aside.")
            return False
        if new.kind is FileKind.ABSENT:
            return True
        async with self._lock(path):
            author = self._files.author(mirror, path)
            edit = Edit(began=self._began_displaced(mirror, author, path, before), path=path, new=new)
            if new.blob not in mirror.already.get(path, ()) and isinstance(await self._take_in(edit), Refused):
                return False
            mirror.shadow.also_had(path, new.blob, author)
        mirror.put_soon(path)
        return True

    def _began_displaced(self, mirror: Mirror, author: str, path: str, before: str) -> Began:
        """What a write may have begun from that went to the inode of the text `before`: that, or what stood there
        before; but nothing that the room has put since.
        """
        texts, forgotten = self._stood(mirror, author, path)
        start = next((number for number, stood in enumerate(texts) if stood.content.blob == before), len(texts))
        texts = texts[start:] or [Stood(self._files.of_blob(before))]
        return Began(author=author, texts=tuple(texts), forgotten=forgotten, just_put=True)

    async def take_rename(self, mirror: Mirror, old: str, new: str) -> None:
        """A file moved on a disk: its edits by others follow it to the new name."""
        first, second = sorted((old, new))
        async with self._lock(first), self._lock(second):
            was = mirror.shadow[old]
            found = mirror.read(new, MIRROR_BYTES_MAX)
            content = None if isinstance(found, Refusal) or not found.settled else of_state(found)
            author = self._files.author(mirror, new)
            line = self._files.line_of(author)
            here = self._files.head(new, line)
            free = here is None or here.kind is FileKind.ABSENT
            known = was.content.kind is not FileKind.ABSENT
            if content is None or content.kind is FileKind.ABSENT or not known or not free:
                mirror.look_at(old)
                mirror.look_at(new)
                return
            assert not isinstance(found, Refusal)
            changed_ns = found.signature.ctime_ns if found.signature else None
            began = self._began(mirror, author, old, content, changed_ns)
            edit = Edit(began=began, path=new, new=content, renamed_from=old, after=began.newest.blob)
            reply = await self._take_in(edit)
            if isinstance(reply, Refused):
                mirror.look_at(new, REFUSED_S)
                return
            version = reply.version if isinstance(reply, c.Accepted) else 0
            if isinstance(reply, c.Accepted):
                gone = self._host.state.head(old, line)
                deleted = await self._host.submit(author, _deletion(old, gone.version if gone else 0, line))
                if isinstance(deleted, Refused):
                    await self._files.tell_once(mirror, old, f"{old} stays beside {new}: {deleted}")
            same = content == of_version(self._files.head(new, line))
            seq = self._host.state.seq
            mirror.shadow.has(new, content, version if same else 0, None, seq)
            mirror.shadow.has(old, ABSENT, 0, None, seq)
        mirror.put_soon(new)
        mirror.put_soon(old)

    async def write(
        self, agent: str, path: str, new: Content, base: Content, operation: str = "", asked: str = ""
    ) -> c.Accepted | c.Held | Refused:
        """Take in a text that an agent made from `base` without a disk of its own, by a call that `asked` tells from
        others.
        """
        edit = Edit(began=known(agent, base), path=path, new=new, operation=operation, asked=asked)
        async with self._lock(path):
            return await self._take_in(edit)

    async def force(self, agent: str, held: HeldEdit, content: Content) -> c.Good | Refused:
        """Take `content` whole as the accepted text: the author of a held edit has decided."""
        line = self._files.line_of(held.agent)
        edit = Edit(began=known(agent, content), path=held.path, new=content)
        async with self._lock(held.path):
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

    async def _take_in(self, edit: Edit) -> c.Accepted | c.Held | Refused:
        """Judge, then ask the room; again when the head has moved meanwhile. Refused: not even held."""
        line = self._files.line_of(edit.author)
        if FileKind.ABSENT not in {edit.new.kind, edit.began.newest.kind} and not edit.renamed_from:
            edit = replace(edit, path=self._files.moved_to(edit.path, line) or edit.path)
        path = edit.path
        wrong = _not_carried(path, edit.new)
        if wrong:
            return await self._hold(edit, line, wrong)
        base = edit.began.newest
        for _ in range(STALE_RETRIES_MAX):
            own = self._host.state.head(edit.renamed_from or path, line)
            head = self._files.content(self._files.head(edit.renamed_from or path, line))
            base, verdict, what, settles = await self._judged(edit, head)
            if isinstance(verdict, Conflict):
                return await self._hold(edit, line, verdict, settles)
            if self._swings.goes_on(path, verdict.content.blob):
                loop = Conflict("the same two texts replace each other in turn (two formatters?)", base)
                return await self._hold(edit, line, loop, settles)
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
                return await self._hold(edit, line, Conflict(reply.why, base), settles)
        return await self._hold(edit, line, Conflict("the file never stood still", base))

    async def _judged(self, edit: Edit, head: Content) -> tuple[Content, Clean | Conflict, tuple[Resource, ...], str]:
        """The base that the edit is taken to have, the verdict, what it touches, and the held edit that it goes on
        with: such an edit began with what both sides of that began with; begun from the held text, it would drop it.
        """
        held = self._files.open_held(edit.author, edit.path)
        told = held is not None and all(notice.about != held.id for notice in self._host.state.inbox(edit.author))
        sides = tuple(map(self._files.of_blob, (held.base, held.theirs, held.mine))) if held else ()

        def think() -> tuple[Content, Clean | Conflict, tuple[Resource, ...], str]:
            base = base_of(edit.began, edit.new)
            goes_on = held is not None and (told or _goes_on(edit, base, sides))
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

    async def _hold(self, edit: Edit, line: str, conflict: Conflict, goes_on: str = "") -> c.Held | Refused:
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

    async def _settled_by_itself(self, author: str, path: str) -> None:
        held = self._files.open_held(author, path)
        if held:
            await self._host.submit(author, c.DropHeld(held.id, "the author took the room's text"))

    def _lock(self, path: str) -> asyncio.Lock:
        """The one lock of that path, for as long as anybody holds it or waits for it."""
        lock = self._locks.get(path)
        if lock is None:
            lock = self._locks[path] = asyncio.Lock()
        return lock


def _is_of_the_room(new: Content, was: Was) -> bool:
    """Whether the room itself put that there, or was about to when it was killed."""
    return new == was.content or bool(was.coming and new.blob == was.coming)


def _judged_from(base: Base, head: Content, edit: Edit) -> Clean | Conflict:
    if base.in_doubt and edit.new != head:
        return Conflict(IN_DOUBT, base.content)
    return judge(base.content, head, edit.new, edit.path)


def _goes_on(edit: Edit, base: Base, sides: tuple[Content, ...]) -> bool:
    """Whether the edit was made from its author's held one (base, theirs, mine), or holds it all."""
    first, _, mine = sides
    made_from_it = mine.blob == edit.after or (mine.blob == base.content.blob and not base.in_doubt)
    return made_from_it or combines(first, mine, edit.new)


def _settling(edit: Edit, head: Content, sides: tuple[Content, ...], *, told: bool) -> Clean | None:
    """Whether the edit is its author's combination of its held edit (base, theirs, mine) with the room's text."""
    base, theirs, mine = sides
    if combines(base, theirs, edit.new):
        verdict = judge(theirs, head, edit.new, edit.path)
        return verdict if isinstance(verdict, Clean) else None
    settled = by_hand(base, head, mine, edit.new, edit.path) if told else None
    return Clean(settled, "by hand") if settled else None


def _not_carried(path: str, new: Content) -> Conflict | None:
    name = check_name(path)
    if isinstance(name, Refusal):
        return Conflict(f"the room does not carry that name: {name.detail}", ABSENT)
    if new.kind is FileKind.SYMLINK and not link_stays_beneath(path, new.data or b""):
        return Conflict("the link points out of the repository", ABSENT)
    return None


def _deletion(path: str, expected: int, line: str) -> c.AcceptEdit:
    return c.AcceptEdit(
        path=path, kind=FileKind.ABSENT, blob="", written="", expected=expected, touched=(file(path),), line=line
    )


def _blobs(*contents: Content) -> dict[str, bytes]:
    return {one.blob: one.data for one in contents if one.blob and one.data is not None}
