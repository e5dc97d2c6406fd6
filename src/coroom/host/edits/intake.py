"""What stands on the agents' disks goes in: what is an edit, who wrote it, and from which texts it may have begun."""

from dataclasses import replace

from coroom.core import command as c
from coroom.core.agent import OPERATOR
from coroom.core.errors import Refused
from coroom.core.file import FileKind
from coroom.core.quick import dataclass
from coroom.core.resource import file
from coroom.host.edits.acceptance import ROUNDS_MAX, Acceptance, Edit
from coroom.host.edits.bases import Began, Stood
from coroom.host.edits.content import ABSENT, MIRROR_BYTES_MAX, Content, of_state, of_version
from coroom.host.edits.files import Files
from coroom.host.edits.judge import Conflict
from coroom.host.edits.mirror import Mirror
from coroom.host.edits.past import Past
from coroom.host.edits.shadow import RECENT_MAX, Was
from coroom.host.host import Host
from coroom.workspace.names import Refusal, RefusalReason
from coroom.workspace.states import FileState, Kind, Signature, trusted

SETTLE_S = 0.02
"""A file seen half-made is looked at again after this long."""

REFUSED_S = 5.0
"""An edit that could not even be held stays on its disk, and is offered again after this long."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at a path of a mirror's disk. `unfinished`: some program is in the middle of writing it."""

    path: str
    found: FileState | Refusal
    at_ns: int
    unfinished: bool = False


class Intake:
    """Takes what the disks of one room hold to its acceptance."""

    def __init__(self, host: Host, files: Files, acceptance: Acceptance) -> None:
        self._host = host
        self._files = files
        self._acceptance = acceptance
        self._past = Past(host)

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
        """What the disk holds at a path is not what was last seen there, or may not be."""
        async with self._acceptance.lock(path):
            was = mirror.shadow[path]
            if new == was.content and not was.coming:
                mirror.shadow.looks(path, signature)
                return
            author = self._files.author(mirror, path)
            head = self._files.head(path, self._files.line_of(author))
            version, by = 0, ""
            if new == of_version(head):
                version = head.version if head else 0
                by = "" if _is_of_the_room(new, was) else author
                await self._acceptance.settled_by_itself(author, path)
            elif not (_is_of_the_room(new, was) or new.blob in mirror.already.get(path, ())):
                offered = await self._offer(mirror, author, path, new, changed_ns)
                if offered is None:
                    return
                version, by = offered
            # Only now: killed before this, the room finds the change again and knows it by its text.
            mirror.shadow.has(path, new, version, signature, self._host.state.seq, by=by)
        mirror.put_soon(path)

    async def _offer(
        self, mirror: Mirror, author: str, path: str, new: Content, changed_ns: int | None
    ) -> tuple[int, str] | None:
        """Have an edit accepted or held: the version that the disk now stands for, 0 for none, and whose text it is.

        None when it could not be stored: then it must not count as seen.
        """
        line = self._files.line_of(author)
        began = self._began(mirror, author, path, new, changed_ns)
        edit = Edit(began=began, path=path, new=new, after=began.newest.blob)
        back = await self._is_taken_back(mirror, author, path, new)
        if back and mirror.took_back(path) < ROUNDS_MAX:
            # Nobody's edit: the accepted text is put there again.
            return 0, ""
        why = "something here brings back an older text again and again"
        reply = await (
            self._acceptance.hold(edit, line, Conflict(why, began.texts[-1].content))
            if back
            else self._acceptance.take_in(edit)
        )
        if isinstance(reply, Refused):
            # It stays where it is, and nothing is put over it.
            mirror.look_at(path, REFUSED_S)
            await self._files.tell_once(mirror, path, f"{path} is not taken in: {reply.why}")
            return None
        if isinstance(reply, c.Accepted) and new == of_version(self._files.head(path, line)):
            return reply.version, author
        return 0, author

    async def _is_taken_back(self, mirror: Mirror, author: str, path: str, new: Content) -> bool:
        """Whether an older text of the path stands there from before others changed it, or others' file is gone, and no
        tool is known to have done it: `git stash`, `reset`, `clean` or `checkout` in a mirror know only what was
        committed there.
        """
        if mirror.after_reboot and self._is_lost_with_power(mirror, author, path, new):
            return True
        if new.kind is FileKind.ABSENT:
            return self._is_cleaned_away(mirror, author, path)
        was, head = mirror.shadow[path], self._files.head(path, self._files.line_of(author))
        if head is None or author == OPERATOR or mirror.writes(author, path) or not self._files.blobs.get(new.blob):
            return False
        if was.content.kind is FileKind.ABSENT:
            seen = head.version
        else:
            seen = next((v for v in (was.version, *(earlier.version for earlier in was.recent)) if v), 0)
        return await self._past.others_since(path, new.blob, author, seen)

    def _is_lost_with_power(self, mirror: Mirror, author: str, path: str, new: Content) -> bool:
        """Whether what stands there is what a disk may keep of a text that had not reached it when the machine stopped:
        nothing, an earlier text, or the beginning of the text and then zeros. The room has stored the whole.
        """
        was, head = mirror.shadow[path], self._files.head(path, self._files.line_of(author))
        if head is None or head.kind is FileKind.ABSENT:
            return False
        if new.kind is FileKind.ABSENT or any(new.blob == earlier.blob for earlier in was.recent):
            return True
        stood = self._files.with_data(was.content).data or b""
        return new.data is not None and stood.startswith(new.data.rstrip(b"\0"))

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
        async with self._acceptance.lock(path):
            author = self._files.author(mirror, path)
            edit = Edit(began=self._began_displaced(mirror, author, path, before), path=path, new=new)
            if new.blob not in mirror.already.get(path, ()) and isinstance(
                await self._acceptance.take_in(edit), Refused
            ):
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
        async with self._acceptance.lock(first), self._acceptance.lock(second):
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
            reply = await self._acceptance.take_in(edit)
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
            mirror.shadow.has(new, content, version if same else 0, None, seq, by=author)
            mirror.shadow.has(old, ABSENT, 0, None, seq, by=author)
        mirror.put_soon(new)
        mirror.put_soon(old)


def _is_of_the_room(new: Content, was: Was) -> bool:
    """Whether the room itself put that there, or was about to when it was killed."""
    return new == was.content or bool(was.coming and new.blob == was.coming)


def _deletion(path: str, expected: int, line: str) -> c.AcceptEdit:
    return c.AcceptEdit(
        path=path, kind=FileKind.ABSENT, blob="", written="", expected=expected, touched=(file(path),), line=line
    )
