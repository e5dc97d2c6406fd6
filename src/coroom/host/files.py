"""The room's files: what agents write on their disks goes in, what is accepted comes out on the others' (DESIGN §4)."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.claim import Mode, blockers_of
from coroom.core.decide.claims import claimed
from coroom.core.errors import Code, Refused
from coroom.core.event import Event, FileAccepted, HeldSettled
from coroom.core.file import SHARED_LINE, FileKind, FileVersion, HeldEdit
from coroom.core.notice import NoticeKind
from coroom.core.policies import POLICIES
from coroom.core.policy import Wait, not_yet
from coroom.core.resource import Footprint, Scheme, file
from coroom.host.answer import ToolUse, Touch
from coroom.host.content import ABSENT, MIRROR_BYTES_MAX, Content, of_bytes, of_state, of_version
from coroom.host.host import Host
from coroom.host.judge import Clean, Conflict, by_hand, combines, judge, other_side, touched
from coroom.host.mirror import Mirror
from coroom.host.shadow import Was
from coroom.workspace.names import Refusal, check_name, link_stays_beneath
from coroom.workspace.puts import PutDone, PutReason, PutRefused
from coroom.workspace.states import FileState, Signature, trusted

STALE_RETRIES_MAX = 50
"""A head that moves this often under one edit means that something loops."""

ROUNDS_MAX = 6
"""Accepted versions of one file that swing between two texts before the room calls it a loop."""


class Files:
    """The accepted text of every file, and the mirrors that hold it. Implements `door.Workspace`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._mirrors: dict[str, Mirror] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._swings: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self._stop_listening = host.listen(self._heard)

    def mirror_of(self, agent: str) -> Mirror | None:
        """The directory that the agent works in: its own, or the shared one."""
        return self._mirrors.get(agent) or self._mirrors.get(SHARED_LINE)

    def mirrors(self) -> tuple[Mirror, ...]:
        """Every mirror."""
        return tuple(self._mirrors.values())

    def attach(self, mirror: Mirror) -> None:
        """Serve this mirror from now on."""
        self._mirrors[SHARED_LINE if mirror.shared else mirror.agent] = mirror

    def detach(self, mirror: Mirror) -> None:
        """Serve it no more."""
        self._mirrors.pop(SHARED_LINE if mirror.shared else mirror.agent, None)

    def close(self) -> None:
        """Hear no more of the room."""
        self._stop_listening()

    def _heard(self, event: Event) -> None:
        match event.body:
            case FileAccepted(file=version, line=line):
                for mirror in self._mirrors.values():
                    if line in {SHARED_LINE, mirror.agent}:
                        mirror.put_soon(version.path)
                        if not self._batch_of(version.by):
                            mirror.wake.set()
            case HeldSettled(held=held):
                edit = self._host.state.held.get(held)
                mirror_of = self.mirror_of(edit.agent) if edit else None
                if edit and mirror_of:
                    mirror_of.put_soon(edit.path)
                    mirror_of.wake.set()

    def _batch_of(self, agent: str) -> bool:
        mirror = self._mirrors.get(agent)
        return mirror is not None and mirror.batch

    def line_of(self, agent: str) -> str:
        """The line that the agent writes to."""
        return POLICIES[self._host.state.policy].line(agent) if agent in self._host.state.agents else SHARED_LINE

    def head(self, path: str, line: str) -> FileVersion | None:
        """The version that an agent on `line` builds on: its line's, else the shared one."""
        return self._host.state.head(path, line) or self._host.state.head(path)

    def content(self, version: FileVersion | None) -> Content:
        """An accepted version with its bytes."""
        return of_version(version, self._host.blob(version.blob) if version else None)

    def _with_data(self, content: Content) -> Content:
        if content.data is not None or content.kind is FileKind.ABSENT:
            return content
        return Content(content.kind, content.blob, content.executable, self._host.blob(content.blob))

    async def take_look(self, mirror: Mirror, path: str) -> None:
        """Look at one path of a mirror's disk and take in what changed there."""
        async with self._locks[path]:
            looked_at_ns = time.time_ns()
            found = mirror.root.read(path, MIRROR_BYTES_MAX)
            if isinstance(found, Refusal):
                await self._tell_once(mirror, path, f"{path} cannot be read: {found.detail}.")
                return
            new = of_state(found)
            if new is None:
                if found.oversize:
                    limit = MIRROR_BYTES_MAX >> 20
                    await self._tell_once(
                        mirror, path, f"{path} is over {limit} MiB: it stays on your disk, unmirrored."
                    )
                return
            if not found.settled:
                mirror.look_at(path, 0.02)
                return
            await self._changed(mirror, path, new, trusted(found.signature, looked_at_ns))

    async def _changed(self, mirror: Mirror, path: str, new: Content, signature: Signature | None) -> None:
        was = mirror.shadow[path]
        if new == was.content and not was.coming:
            mirror.shadow.looks(path, signature)
            return
        author = self.author(mirror, path)
        line = self.line_of(author)
        head = self.head(path, line)
        if new == of_version(head):
            mirror.shadow.has(path, new, head.version if head else 0, signature)
            await self._settled_by_itself(author, path)
            return
        if was.coming and new.blob == was.coming:
            mirror.shadow.has(path, new, was.version, signature)
            mirror.put_soon(path)
            return
        bases = self._bases(author, path, was)
        mirror.shadow.has(path, new, 0, signature)
        reply = await self._take_in(author, path, new, bases)
        if isinstance(reply, c.Accepted) and new == of_version(self.head(path, line)):
            mirror.shadow.has(path, new, reply.version, signature)
        mirror.put_soon(path)

    def author(self, mirror: Mirror, path: str) -> str:
        """Who wrote here. A mirror is its agent's; in the shared directory the running tool, then the claim, tells."""
        if not mirror.shared:
            return mirror.agent
        running = mirror.in_window()
        if len(running) == 1:
            return running[0]
        target = file(path)
        holders = {b.holder for b in blockers_of((target,), Mode.EXCLUSIVE, "", self._host.state.claims.values(), 0)}
        among = holders & set(running) if running else holders
        return among.pop() if len(among) == 1 else OPERATOR

    def _bases(self, author: str, path: str, was: Was) -> list[Content]:
        """What the author may have begun from: the text on its disk, and those before it that it has read last."""
        read = self._host.state.reads_of(author).get(path, 0)
        bases = [self._with_data(was.content)]
        if was.content.kind is FileKind.ABSENT:
            return bases
        for blob, version in was.recent:
            if version and version < read:
                break
            data = self._host.blob(blob)
            if data is not None:
                bases.append(of_bytes(data, executable=was.content.executable))
        return bases

    async def _take_in(
        self,
        author: str,
        path: str,
        new: Content,
        bases: Sequence[Content],
        renamed_from: str = "",
        operation: str = "",
    ) -> c.Accepted | c.Held | Refused:
        """Judge, then ask the room; again when the head has moved meanwhile. Whatever happens, the bytes are stored."""
        line = self.line_of(author)
        if new.kind is not FileKind.ABSENT and not renamed_from:
            path = self.moved_to(path, line) or path
        wrong = self._not_carried(path, new)
        if wrong:
            return await self._hold(author, path, new, bases[0], wrong)
        for _ in range(STALE_RETRIES_MAX):
            version = self.head(renamed_from or path, line)
            head = self.content(version)
            verdict = self._settling(author, path, new, head) or judge(bases, head, new, path)
            if isinstance(verdict, Conflict):
                return await self._hold(author, path, new, verdict.base, verdict)
            if self._swings_forever(path, verdict.content.blob):
                loop = Conflict("the same two texts replace each other in turn (two formatters?)", bases[0])
                return await self._hold(author, path, new, bases[0], loop)
            reply = await self._accept(author, path, line, new, head, verdict, renamed_from, operation=operation)
            if isinstance(reply, c.Accepted):
                self._swing(path, author, verdict.content.blob)
                return reply
            assert isinstance(reply, Refused)
            if reply.code is not Code.STALE:
                return await self._hold(author, path, new, bases[0], Conflict(reply.why, bases[0]))
        return await self._hold(author, path, new, bases[0], Conflict("the file never stood still", bases[0]))

    async def _accept(
        self,
        author: str,
        path: str,
        line: str,
        new: Content,
        head: Content,
        verdict: Clean,
        renamed_from: str,
        settles: str = "",
        operation: str = "",
    ) -> c.Good | Refused:
        content = verdict.content
        own = self._host.state.head(path, line)
        held = self._open_held(author, path)
        command = c.AcceptEdit(
            path=path,
            kind=content.kind,
            blob=content.blob,
            written=new.blob,
            expected=own.version if own else 0,
            touched=touched(path, head, content),
            executable=content.executable,
            size=content.size,
            layer=verdict.layer,
            line=line,
            renamed_from=renamed_from,
            settles=settles or (held.id if held else ""),
        )
        return await self._host.submit(author, command, operation, _blobs(new, content))

    async def write(
        self, agent: str, path: str, new: Content, base: Content, operation: str = ""
    ) -> c.Accepted | c.Held | Refused:
        """Take in a text that an agent made from `base` without a disk of its own."""
        async with self._locks[path]:
            return await self._take_in(agent, path, new, [base], operation=operation)

    async def force(self, agent: str, held: HeldEdit, content: Content) -> c.Good | Refused:
        """Take `content` whole as the accepted text: the author of a held edit has decided."""
        async with self._locks[held.path]:
            for _ in range(STALE_RETRIES_MAX):
                line = self.line_of(held.agent)
                head = self.content(self.head(held.path, line))
                reply = await self._accept(agent, held.path, line, content, head, Clean(content, "chosen"), "", held.id)
                if not isinstance(reply, Refused) or reply.code is not Code.STALE:
                    return reply
        return Refused(Code.STALE, f"{held.path} never stood still.", "Answer again.")

    def look(self, mirror: Mirror, path: str) -> Content | None:
        """What a mirror's disk holds at `path`, if the room carries it."""
        found = mirror.root.read(path, MIRROR_BYTES_MAX)
        return None if isinstance(found, Refusal) else of_state(found)

    def _not_carried(self, path: str, new: Content) -> Conflict | None:
        name = check_name(path)
        if isinstance(name, Refusal):
            return Conflict(f"the room does not carry that name: {name.detail}", ABSENT)
        if new.kind is FileKind.SYMLINK and not link_stays_beneath(path, new.data or b""):
            return Conflict("the link points out of the repository", ABSENT)
        return None

    def _open_held(self, agent: str, path: str) -> HeldEdit | None:
        return next(iter(self._host.state.open_held(agent, path)), None)

    def _settling(self, author: str, path: str, new: Content, head: Content) -> Clean | None:
        """Whether `new` is the author's combination of its held edit with the room's text."""
        held = self._open_held(author, path)
        if held is None:
            return None
        base, theirs = self._blob_content(held.base), self._blob_content(held.theirs)
        if combines(base, theirs, new):
            verdict = judge([theirs], head, new, path)
            return verdict if isinstance(verdict, Clean) else None
        told = all(notice.about != held.id for notice in self._host.state.inbox(author))
        settled = by_hand(base, head, self._blob_content(held.mine), new, path) if told else None
        return Clean(settled, "by hand") if settled else None

    def _blob_content(self, blob: str) -> Content:
        data = self._host.blob(blob)
        return of_bytes(data) if blob and data is not None else ABSENT

    async def _hold(self, author: str, path: str, new: Content, base: Content, conflict: Conflict) -> c.Held | Refused:
        theirs = self.content(self.head(path, self.line_of(author)))
        base = self._with_data(base)
        command = c.HoldEdit(
            path=path,
            base=base.blob,
            theirs=theirs.blob,
            mine=new.blob,
            mine_kind=new.kind,
            mine_executable=new.executable,
            reason=conflict.reason,
            parts=conflict.parts,
            detail=other_side(base, theirs, path),
        )
        reply = await self._host.submit(author if author != OPERATOR else HOST, command, blobs=_blobs(new))
        assert isinstance(reply, c.Held | Refused)
        return reply

    async def _settled_by_itself(self, author: str, path: str) -> None:
        held = self._open_held(author, path)
        if held:
            await self._host.submit(author, c.DropHeld(held.id, "the author took the room's text"))

    def _swing(self, path: str, author: str, blob: str) -> None:
        self._swings[path] = [*self._swings[path], (author, blob)][-ROUNDS_MAX:]

    def _swings_forever(self, path: str, blob: str) -> bool:
        last = self._swings[path]
        if len(last) < ROUNDS_MAX or blob != last[-2][1]:
            return False
        alternate = all(last[i][1] == last[i - 2][1] and last[i][1] != last[i - 1][1] for i in range(2, len(last)))
        return alternate and len({author for author, _ in last}) > 1

    async def take_displaced(self, mirror: Mirror, path: str, state: FileState, before: str) -> None:
        """Take in a text that somebody wrote to a file while the room replaced it; `before` is its base."""
        new = of_state(state)
        if new is None or new.kind is FileKind.ABSENT:
            return
        async with self._locks[path]:
            base = self._blob_content(before)
            await self._take_in(self.author(mirror, path), path, new, [base])
        mirror.put_soon(path)

    async def take_rename(self, mirror: Mirror, old: str, new: str) -> None:
        """A file moved on a disk: its edits by others follow it to the new name."""
        was = mirror.shadow[old]
        first, second = sorted((old, new))
        async with self._locks[first], self._locks[second]:
            found = mirror.root.read(new, MIRROR_BYTES_MAX)
            content = None if isinstance(found, Refusal) else of_state(found)
            author = self.author(mirror, new)
            line = self.line_of(author)
            here = self.head(new, line)
            free = here is None or here.kind is FileKind.ABSENT
            if content is None or content.kind is FileKind.ABSENT or was.content.kind is FileKind.ABSENT or not free:
                mirror.look_at(old)
                mirror.look_at(new)
                return
            mirror.shadow.has(new, content, 0, None)
            mirror.shadow.has(old, ABSENT, 0, None)
            reply = await self._take_in(author, new, content, [self._with_data(was.content)], renamed_from=old)
            if isinstance(reply, c.Accepted):
                gone = self._host.state.head(old, line)
                await self._host.submit(
                    author,
                    c.AcceptEdit(
                        path=old,
                        kind=FileKind.ABSENT,
                        blob="",
                        written="",
                        expected=gone.version if gone else 0,
                        touched=(file(old),),
                        line=line,
                    ),
                )
        mirror.put_soon(new)
        mirror.put_soon(old)

    def moved_to(self, path: str, line: str) -> str | None:
        """Where an absent file lives now, when it was renamed."""
        gone = self._host.state.head(path, line)
        if gone is None or gone.kind is not FileKind.ABSENT:
            return None
        for version in self._host.state.files(line).values():
            if version.file_id == gone.file_id and version.path != path and version.kind is not FileKind.ABSENT:
                return version.path
        return None

    async def put_one(self, mirror: Mirror, path: str) -> bool:
        """Bring one path of a mirror to what its agent may see. False: not now, try again."""
        async with self._locks[path]:
            agent = mirror.agent
            version = self.head(path, SHARED_LINE if mirror.shared else self.line_of(agent))
            if version is not None and version.by != agent and self._batch_of(version.by):
                return False
            if not mirror.shared and self._open_held(agent, path):
                return True
            was = mirror.shadow[path].content
            wanted = of_version(version)
            if wanted == was or (wanted.kind is FileKind.ABSENT and was.kind is FileKind.ABSENT):
                return True
            full = self.content(version)
            result = mirror.put(path, full)
        return await self._after_put(mirror, path, full, version.version if version else 0, was, result)

    async def _after_put(
        self, mirror: Mirror, path: str, content: Content, version: int, was: Content, result: PutDone | PutRefused
    ) -> bool:
        if isinstance(result, PutDone):
            mirror.shadow.has(path, content, version, None)
            mirror.told.pop(path, None)
            if result.broke_link:
                await self._tell_once(mirror, path, f"{path} had another hard link, which keeps the old text.")
            if result.displaced:
                await self.take_displaced(mirror, path, result.displaced.state, was.blob)
                mirror.exchange.taken(result.displaced.ticket)
            return True
        if result.displaced:
            await self.take_displaced(mirror, path, result.displaced.state, was.blob)
            mirror.exchange.taken(result.displaced.ticket)
        if result.reason is PutReason.CHANGED:
            await self.take_look(mirror, path)
            return False
        await self._tell_once(
            mirror, path, f"{path} cannot be put on {mirror.agent}'s disk: {result.detail or result.reason}."
        )
        return result.reason in {PutReason.BAD_NAME, PutReason.NOT_BENEATH}

    async def _tell_once(self, mirror: Mirror, path: str, text: str) -> None:
        if mirror.told.get(path) == text:
            return
        mirror.told[path] = text
        to = mirror.agent if mirror.agent in self._host.state.agents else OPERATOR
        await self._host.submit(HOST, c.Say(kind=NoticeKind.NOTE, text=text, to=to))

    def tidy(self) -> None:
        """Forget the locks that nobody holds."""
        for path in [p for p, lock in self._locks.items() if not lock.locked()]:
            del self._locks[path]


def _blobs(*contents: Content) -> dict[str, bytes]:
    return {one.blob: one.data for one in contents if one.blob and one.data is not None}


def may_touch(host: Host, agent: str, path: str) -> Refused | None:
    """Why the agent's tool must not change `path`; claims on single symbols are judged when it has."""
    state = host.state
    target = (file(path),)
    admission = POLICIES[state.policy].admit(state, agent, Footprint(writes=target))
    if isinstance(admission, Wait):
        return not_yet(admission)
    if isinstance(admission, Refused):
        return admission
    now_ms = host.clock.now_ms()
    blockers = blockers_of(target, Mode.SHARED, agent, state.claims.values(), now_ms)
    whole = tuple(b for b in blockers if b.held.scheme is not Scheme.SYMBOL)
    return claimed(target, whole, now_ms) if whole else None


def stale(host: Host, agent: str, use: ToolUse, path: str, on_disk: int) -> Refused | None:
    """Why the agent must read `path` again before it overwrites it whole: it changed since it was read."""
    read = host.state.reads_of(agent).get(path)
    if use.touch is not Touch.WRITE or read is None or not on_disk or read >= on_disk:
        return None
    head = host.state.head(path)
    by = f" by {head.by}" if head else ""
    return Refused(
        Code.STALE, f"{path} has changed{by} since you read it.", "Read it again, then write your change into that."
    )
