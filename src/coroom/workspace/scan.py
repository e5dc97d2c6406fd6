"""The truth about a workspace: what its files hold, found by looking at every one.

Watchers only hint at what to look at. A scan stats every file, and reads and hashes those whose signature
is not the known one.
"""

from collections.abc import Iterable, Mapping

from coroom.core.quick import dataclass
from coroom.workspace.beneath import Root
from coroom.workspace.ignore import Ignore
from coroom.workspace.names import Refusal, is_under
from coroom.workspace.states import Entry, FileState, Kind, Signature, trusted

READ_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """What is believed of a path. `signature` None means that it says nothing: read the file again.

    `hash` is None for a file that was too large to read.
    """

    signature: Signature | None
    kind: Kind
    hash: str | None
    executable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What differs from what was known.

    Attributes:
        changed: new content, kind or executable bit, by path.
        gone: known paths where nothing stands now; a path that is now ignored counts as neither.
        oversize: files over the limit, not read, whose signature is not the known one.
        known: entries to store, for every path that was read; also where only the signature was new.
        unsettled: paths that kept changing while they were read: look again.
        unreadable: files and directories about which nothing could be found out.
    """

    changed: Mapping[str, FileState]
    gone: frozenset[str]
    oversize: Mapping[str, Entry]
    known: Mapping[str, Known]
    unsettled: frozenset[str]
    unreadable: frozenset[str]


def scan(
    root: Root, ignore: Ignore, known: Mapping[str, Known], *, now_ns: int, bytes_max: int = READ_BYTES_MAX
) -> ScanResult:
    """Compare a workspace with what is known of it.

    Args:
        root: the workspace.
        ignore: what to leave out.
        known: what was found last, by path.
        now_ns: wall-clock nanoseconds of this moment, before anything is looked at.
        bytes_max: files over this are listed and not read.
    """
    unreadable: set[str] = set()
    seen: set[str] = set()
    suspects: list[Entry] = []
    for entry in root.walk(ignore.ignores, unreadable.add):
        seen.add(entry.path)
        before = known.get(entry.path)
        if before is None or before.signature != entry.signature:
            suspects.append(entry)
    looked = _Looked(root, known, now_ns=now_ns, bytes_max=bytes_max)
    for entry in suspects:
        looked.at(entry)
    missing = {path for path in known.keys() - seen if not any(is_under(path, directory) for directory in unreadable)}
    return ScanResult(
        changed=looked.changed,
        gone=frozenset(path for path in missing if _is_gone(root, path)) | looked.gone,
        oversize=looked.oversize,
        known=looked.known,
        unsettled=frozenset(looked.unsettled),
        unreadable=frozenset(unreadable | looked.unreadable),
    )


def known_of(state: FileState, *, looked_at_ns: int) -> Known:
    """Return what to remember of a file read or put at that time; a signature that is too fresh is not trusted."""
    signature = trusted(state.signature, looked_at_ns) if state.settled else None
    return Known(signature, state.kind, state.hash, state.executable)


def pair_renames(
    gone: Mapping[str, Known], created: Mapping[str, FileState], inodes: Mapping[str, int] | None = None
) -> list[tuple[str, str]]:
    """Guess which gone file became which new one: the same inode, else the same content and kind if that is unique.

    Args:
        gone: what was known of the paths that are gone.
        created: what now stands at paths that were not known.
        inodes: inode numbers of gone paths, where the signature in `gone` is not trusted any more.

    Returns:
        (old, new) pairs, sorted; no path is in two of them. Empty files pair by inode only.
    """
    new_by_inode: dict[int, list[str]] = {}
    for path, state in created.items():
        if state.signature is not None:
            new_by_inode.setdefault(state.signature.ino, []).append(path)
    pairs: dict[str, str] = {}
    for path, was in gone.items():
        ino = was.signature.ino if was.signature is not None else (inodes or {}).get(path)
        candidates = new_by_inode.get(ino, []) if ino is not None else []
        if len(candidates) == 1 and created[candidates[0]].kind is was.kind:
            pairs[path] = candidates[0]
    # Two gone names of one inode were hard links; which of them moved cannot be known, nor does it matter.
    taken: set[str] = set()
    for old in sorted(pairs):
        if pairs[old] in taken:
            del pairs[old]
        else:
            taken.add(pairs[old])
    by_content = _only_ones(((path, was.kind, was.hash) for path, was in gone.items() if path not in pairs))
    arrived = _only_ones(
        (path, state.kind, state.hash) for path, state in created.items() if path not in taken and state.data
    )
    pairs |= {old: arrived[what] for what, old in by_content.items() if what in arrived}
    return sorted(pairs.items())


class _Looked:
    """What reading the suspects of one scan brought."""

    def __init__(self, root: Root, known: Mapping[str, Known], *, now_ns: int, bytes_max: int) -> None:
        self._root = root
        self._before = known
        self._now_ns = now_ns
        self._bytes_max = bytes_max
        self.changed: dict[str, FileState] = {}
        self.gone: set[str] = set()
        self.oversize: dict[str, Entry] = {}
        self.known: dict[str, Known] = {}
        self.unsettled: set[str] = set()
        self.unreadable: set[str] = set()

    def at(self, entry: Entry) -> None:
        path = entry.path
        before = self._before.get(path)
        if entry.kind is Kind.FILE and entry.signature.size > self._bytes_max:
            self.oversize[path] = entry
            self.known[path] = Known(entry.signature, Kind.FILE, None, bool(entry.mode & 0o100))
            return
        state = self._root.read(path, self._bytes_max)
        if isinstance(state, Refusal):
            self.unreadable.add(path)
        elif state.kind not in (Kind.FILE, Kind.SYMLINK):
            if before is not None:
                self.gone.add(path)
        elif not state.settled or state.oversize:
            self.unsettled.add(path)
        else:
            self.known[path] = known_of(state, looked_at_ns=self._now_ns)
            what = (state.kind, state.hash, state.executable)
            if before is None or what != (before.kind, before.hash, before.executable):
                self.changed[path] = state


def _is_gone(root: Root, path: str) -> bool:
    state = root.lstat(path)
    return isinstance(state, Refusal) or state.kind not in (Kind.FILE, Kind.SYMLINK)


def _only_ones(found: Iterable[tuple[str, Kind, str | None]]) -> dict[tuple[Kind, str], str]:
    paths: dict[tuple[Kind, str], list[str]] = {}
    for path, kind, digest in found:
        if digest is not None:
            paths.setdefault((kind, digest), []).append(path)
    return {what: where[0] for what, where in paths.items() if len(where) == 1}
