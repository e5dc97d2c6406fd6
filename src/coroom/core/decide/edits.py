"""Edits: accepted against the version they were merged with, or held as a value; readers are told."""

from collections.abc import Iterable

from coroom.core.agent import EVERYONE, HOST, Permission
from coroom.core.claim import Mode, blockers_of
from coroom.core.command import Accepted, AcceptEdit, DropHeld, Held, HoldEdit, NoteReads, Ok, SeedFiles
from coroom.core.decide.claims import claimed
from coroom.core.decide.decision import Decision, decided, judges, lacks, notice, present_agent, refused, unknown_agent
from coroom.core.errors import Code, Refused
from coroom.core.event import Body, EditHeld, FileAccepted, FilesRead, FilesSeeded, HeldSettled, NoticeSent
from coroom.core.file import SHARED_LINE, FileKind, FileVersion, HeldEdit, HeldState
from coroom.core.notice import NoticeKind
from coroom.core.policies import POLICIES
from coroom.core.policy import in_the_way
from coroom.core.quick import maker
from coroom.core.resource import Footprint, Resource, Scheme, file
from coroom.core.state import RoomState

_made, _accepted, _done = maker(FileVersion), maker(FileAccepted), maker(Accepted)
_footprint = maker(Footprint)


def accept_edit(state: RoomState, by: str, command: AcceptEdit, now_ms: int) -> Decision:
    """Make the edit the accepted version, if the head has not moved, nobody's claim stands against it and the
    policy lets it go. Accepting what is accepted already changes nothing.
    """
    bad = lacks(state, by, Permission.EDIT) or _not_admitted(state, by, command, now_ms)
    if bad:
        return decided((bad, (), ()))
    head = state.head(command.path, command.line)
    if (head.version if head else 0) != command.expected:
        return refused(
            Code.STALE,
            f"{command.path} moved on while this was merged.",
            "Merge again with what is accepted now.",
        )
    settles = state.held.get(command.settles)
    settled = command.settles if settles and settles.state is HeldState.OPEN else ""
    if settles and settled:
        wrong = _may_not_settle(state, by, command, settles)
        if wrong:
            return Decision(wrong)
    if head and _same(head, command) and not command.renamed_from:
        closing = HeldSettled(held=settled, by=by, dropped=False, note="the room has it")
        return Decision(Accepted(command.path, head.version), (closing,) if settled else ())
    built_on = head or state.head(command.path)
    version = _version(state, by, command, built_on)
    accepted = _accepted(
        line=command.line,
        file=version,
        before=built_on.blob if built_on else "",
        layer=command.layer,
        written=command.written,
        settles=settled,
    )
    told = _observed(state, by, command, version) if command.line == SHARED_LINE else ()
    return decided((_done(command.path, version.version), (accepted, *told), ()))


def _may_not_settle(state: RoomState, by: str, command: AcceptEdit, held: HeldEdit) -> Refused | None:
    if held.path not in {command.path, command.renamed_from}:
        return Refused(Code.BAD_INPUT, f"{held.id} is held for {held.path}.", "Settle it with an edit of that file.")
    return None if held.agent == by else lacks(state, by, Permission.RESOLVE_OTHERS)


def _writes(command: AcceptEdit) -> tuple[Resource, ...]:
    """What the edit touches; the whole file when its finer parts are not known."""
    if any(r.path == command.path for r in command.touched):
        return command.touched
    return (*command.touched, file(command.path))


def _not_admitted(state: RoomState, by: str, command: AcceptEdit, now_ms: int) -> Refused | None:
    writes = _writes(command)
    barred = in_the_way(POLICIES[state.policy].admit(state, by, _footprint(writes=writes)))
    if barred:
        return barred
    blockers = blockers_of(writes, Mode.SHARED, by, state.claims_near(writes), now_ms)
    return claimed(writes, blockers, now_ms, purposes=False) if blockers else None


def _same(head: FileVersion, command: AcceptEdit) -> bool:
    if head.kind is FileKind.ABSENT and command.kind is FileKind.ABSENT:
        return True
    return (head.kind, head.blob, head.executable) == (command.kind, command.blob, command.executable)


def _version(state: RoomState, by: str, command: AcceptEdit, built_on: FileVersion | None) -> FileVersion:
    origin = state.head(command.renamed_from, command.line) if command.renamed_from else built_on
    if origin and origin.kind is FileKind.ABSENT and command.kind is not FileKind.ABSENT:
        # What begins where a file was deleted, or renamed away, is another one: the old one may live on elsewhere.
        origin = None
    agent = state.agents.get(by)
    return _made(
        path=command.path,
        file_id=origin.file_id if origin else f"i{state.numbered + 1}",
        version=state.version + 1,
        kind=command.kind,
        blob=command.blob,
        executable=command.executable,
        size=command.size,
        by=by,
        task=agent.task if agent else None,
        renamed_from=command.renamed_from,
    )


def _observed(state: RoomState, by: str, command: AcceptEdit, version: FileVersion) -> tuple[Body, ...]:
    """One unread *observed* notice for each reader and path: a newer one takes the place of the older."""
    path = command.path
    affected = POLICIES[state.policy].affected(state, by, path)
    behind = [reader for reader in affected if state.reads_of(reader).get(path, 0) < version.version]
    if not behind:
        return ()
    text = _what_changed(by, command, version)
    told = enumerate(behind, start=1)
    return tuple([_observe(state, number, reader, path, command.touched, text) for number, reader in told])


def _observe(
    state: RoomState, number: int, reader: str, path: str, resources: tuple[Resource, ...], text: str
) -> NoticeSent:
    unread = (n.id for n in state.inbox(reader) if n.kind is NoticeKind.OBSERVED and n.about == path)
    return notice(
        state,
        number,
        NoticeKind.OBSERVED,
        sender=HOST,
        to=reader,
        text=text,
        resources=resources,
        about=path,
        replaces=next(unread, ""),
    )


def _what_changed(by: str, command: AcceptEdit, version: FileVersion) -> str:
    symbols = _symbols(command.touched)
    inside = f" ({', '.join(symbols[:6])}{', …' if len(symbols) > 6 else ''})" if symbols else ""
    verb = "deleted" if command.kind is FileKind.ABSENT else "changed"
    verb = f"renamed {command.renamed_from} to" if command.renamed_from else verb
    return f"{by} {verb} {command.path}{inside}, which you have read; it is at version {version.version} now."


def note_reads(state: RoomState, by: str, command: NoteReads, _now_ms: int) -> Decision:
    """Remember which versions the caller has seen. A read that was behind is told at once."""
    if present_agent(state, by) is None:
        return Decision(unknown_agent(by))
    known = state.reads_of(by)
    fresh = tuple((path, version) for path, version in dict(command.versions).items() if known.get(path) != version)
    told: list[Body] = []
    for path, version in fresh:
        head = state.head(path)
        if head and head.version > version and head.by != by and POLICIES[state.policy].visible(state, by, head.by):
            text = f"{path}, which you have just read, was already changed by {head.by}; read it again."
            told.append(_observe(state, 1 + len(told), by, path, (file(path),), text))
    return Decision(Ok(), (FilesRead(agent=by, versions=fresh), *told) if fresh else ())


def seed_files(state: RoomState, by: str, command: SeedFiles, _now_ms: int) -> Decision:
    """Take the repository's files as first versions, those that the room has not seen."""
    if by != HOST:
        return refused(Code.FORBIDDEN, "Only the room seeds files.", "Write the file on your disk.")
    known = state.files()
    fresh = [one for one in command.files if one[0] not in known]
    if not fresh:
        return Decision(Ok())
    versions = tuple(
        FileVersion(
            path=path,
            file_id=f"i{state.numbered + number}",
            version=state.version + number,
            kind=kind,
            blob=blob,
            executable=executable,
            size=size,
            by=HOST,
        )
        for number, (path, kind, blob, executable, size) in enumerate(fresh, start=1)
    )
    return Decision(Ok(), (FilesSeeded(files=versions),))


def _symbols(touched: Iterable[Resource]) -> tuple[str, ...]:
    return tuple(r.name.partition("#")[2] for r in touched if r.scheme is Scheme.SYMBOL)


def hold_edit(state: RoomState, by: str, command: HoldEdit, _now_ms: int) -> Decision:
    """Store the edit as held and hand it back: to its author, else to those who judge, else to everyone.

    One held edit for each author and path: a later one takes the place of the earlier, with the first base kept.
    """
    if by not in state.agents and by != HOST:
        return refused(Code.UNKNOWN_AGENT, f"No agent '{by}' is in this room.", "Join the room first.")
    earlier = next(iter(state.open_held(by, command.path)), None)
    if earlier is None and len(state.open_held()) >= state.limits.held_open_max:
        return refused(Code.LIMIT, f"{state.limits.held_open_max} edits are held.", "Settle some of them first.")
    if earlier and (earlier.mine, earlier.theirs, earlier.reason) == (
        command.mine,
        command.theirs,
        command.reason,
    ):
        return Decision(Held(earlier.id))
    held = EditHeld(
        held=earlier.id if earlier else f"h{state.numbered + 1}",
        path=command.path,
        agent=by,
        base=earlier.base if earlier else command.base,
        theirs=command.theirs,
        mine=command.mine,
        mine_kind=command.mine_kind,
        mine_executable=command.mine_executable,
        reason=command.reason,
        parts=command.parts,
    )
    told: list[Body] = []
    for to in _to_whom(state, by):
        told.append(
            notice(
                state,
                1 + len(told),
                NoticeKind.CONFLICT,
                sender=HOST,
                to=to,
                text=_what_conflicts(held, by, to, command.detail),
                resources=(file(command.path),),
                about=held.held,
            )
        )
    return Decision(Held(held.held), (held, *told))


def _to_whom(state: RoomState, by: str) -> tuple[str, ...]:
    return (by,) if present_agent(state, by) else judges(state) or (EVERYONE,)


def _what_conflicts(held: EditHeld, by: str, to: str, detail: str) -> str:
    whose = "Your edit" if to == by else f"An edit by {by}"
    todo = (
        f"Nothing is lost: it is kept as {held.held}. Combine both in {held.path} and write it again, "
        f"or answer {held.held} with theirs (take the room's text), mine (take yours whole) or merged (the file "
        f"on your disk is the combination)."
    )
    return f"{whose} of {held.path} is held: {held.reason.removesuffix('.')}. {todo}" + (
        f"\n{detail}" if detail else ""
    )


def drop_held(state: RoomState, by: str, command: DropHeld, _now_ms: int) -> Decision:
    """Close a held edit without taking it in; its text stays in the history. Its author may whatever its role is:
    an edit that is held because the role may not edit would else stand in every landing's way.
    """
    held = state.held.get(command.held)
    if held is None or held.state is not HeldState.OPEN:
        return refused(Code.NOT_FOUND, f"'{command.held}' is no open held edit.", "Call sync to see what is held.")
    bad = lacks(state, by, Permission.SAY if held.agent == by else Permission.RESOLVE_OTHERS)
    if bad:
        return Decision(bad)
    return Decision(Ok(held.id), (HeldSettled(held=held.id, by=by, dropped=True, note=command.note),))
