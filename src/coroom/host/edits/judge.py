"""Whether an edit goes in: pure judgement over texts. What the merge of base, head and new says."""

from collections.abc import Sequence
from difflib import unified_diff

from coroom.core.file import ConflictPart, FileKind
from coroom.core.quick import dataclass
from coroom.core.resource import Resource, Scheme, file
from coroom.host.edits.content import Content, of_bytes
from coroom.syntax import MODULE, grammar_of, parses, symbols_touched
from coroom.workspace.lines import diff3, split_lines
from coroom.workspace.merge import Merged, merge
from coroom.workspace.merge_blocks import cut, part_of

DIFF_CHARS_MAX = 1_500
"""The other side's diff rides on a notice; the whole of it is on the page and in the history."""


@dataclass(frozen=True, slots=True)
class Clean:
    """The edit goes in as `content`; `layer` settled it."""

    content: Content
    layer: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The edit is held. `base` is what it was judged to be made from."""

    reason: str
    base: Content
    parts: tuple[ConflictPart, ...] = ()


def judge(base: Content, head: Content, new: Content, path: str) -> Clean | Conflict:
    """Three-way judgement of `new` against `head`.

    Args:
        base: what the author began from.
        head: the accepted content.
        new: what the author wrote.
        path: names the file and so its language.
    """
    if new == head:
        return Clean(head, "identical")
    if base == head:
        return Clean(new, "identical")
    if base == new:
        return Clean(head, "identical")
    kinds = {base.kind, head.kind, new.kind}
    if FileKind.ABSENT in {head.kind, new.kind}:
        gone = "the room" if head.kind is FileKind.ABSENT else "you"
        return Conflict(f"{gone} deleted it while the other side changed it", base)
    executable = new.executable if new.executable != base.executable else head.executable
    if base.blob == head.blob:
        return Clean(_with_bit(new, executable=executable), "identical")
    if new.blob in {base.blob, head.blob}:
        return Clean(_with_bit(head, executable=executable), "identical")
    if kinds - {FileKind.TEXT, FileKind.ABSENT}:
        return Conflict("both sides replaced a file that cannot be merged", base)
    merged = merge(base.data, head.data or b"", new.data or b"", path)
    if merged.status == "clean" and not merged.findings:
        return Clean(of_bytes(merged.text, executable=executable), merged.layer)
    return _conflict(merged, base)


def _with_bit(content: Content, *, executable: bool) -> Content:
    return Content(content.kind, content.blob, executable, content.data)


def _conflict(merged: Merged, base: Content) -> Conflict:
    if merged.status == "clean":
        doubts = tuple(ConflictPart(f.line, f.line, f"{f.kind}: {f.message}") for f in merged.findings)
        return Conflict("both sides fit as text but not as a program: " + _sentence(doubts), base, doubts)
    parts = tuple(ConflictPart(c.start, c.end, _in_words(c.reason)) for c in merged.conflicts)
    return Conflict(_sentence(parts) or "both sides changed the same lines", base, parts)


def _in_words(reason: str) -> str:
    return reason.replace("ours", "the room").replace("theirs", "your edit")


def _sentence(parts: Sequence[ConflictPart]) -> str:
    reasons = list(dict.fromkeys(part.reason for part in parts))
    return "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")


def combines(base: Content, theirs: Content, new: Content) -> bool:
    """Whether `new` holds every line that `theirs` added to `base`: the author has combined both by hand."""
    if theirs.kind is not FileKind.TEXT or new.kind is not FileKind.TEXT:
        return False
    had, now = base.text.splitlines(), new.text.splitlines()
    left = list(now)
    added = list(theirs.text.splitlines())
    for line in had:
        if line in added:
            added.remove(line)
    for line in added:
        if not line.strip():
            continue
        if line not in left:
            return False
        left.remove(line)
    return True


def by_hand(base: Content, head: Content, mine: Content, new: Content, path: str) -> Content | None:
    """The author's own settlement of its held edit: where both sides had met, `new` reads otherwise than `mine` did,
    and that text goes in; everywhere else both sides are merged. None: it has not settled every place.
    """
    if {base.kind, head.kind, mine.kind, new.kind} != {FileKind.TEXT}:
        return None
    first = _meetings(base, head, mine)
    sides = tuple(split_lines(content.data or b"") for content in (base, head, new))
    out: list[bytes] = []
    for region in diff3(*sides):
        if region.kind == "conflict":
            chosen = b"".join(cut(region, *sides)[2])
            if chosen in first:
                return None
            out.append(chosen)
        else:
            out += part_of(region, *sides)
    text = b"".join(out)
    return None if parses(text, path) is False else of_bytes(text, executable=new.executable)


def _meetings(base: Content, head: Content, mine: Content) -> set[bytes]:
    sides = tuple(split_lines(content.data or b"") for content in (base, head, mine))
    return {b"".join(cut(region, *sides)[2]) for region in diff3(*sides) if region.kind == "conflict"}


def touched(path: str, before: Content, after: Content) -> tuple[Resource, ...]:
    """What a change touches, as finely as the syntax tells: symbols and the module around them, else the file."""
    if before.kind is not FileKind.TEXT or after.kind is not FileKind.TEXT or grammar_of(path) is None:
        return (file(path),)
    names = symbols_touched(path, before.text, after.text) or {MODULE}
    outermost = [name for name in sorted(names) if not any(name.startswith(other + ".") for other in names)]
    return tuple(Resource(Scheme.SYMBOL, f"{path}#{name}") for name in outermost)


def other_side(base: Content, theirs: Content, path: str) -> str:
    """The room's change since `base`, as a diff that fits on a notice."""
    if base.kind is not FileKind.TEXT or theirs.kind is not FileKind.TEXT:
        return ""
    lines = unified_diff(
        base.text.splitlines(), theirs.text.splitlines(), f"{path} (before)", f"{path} (room)", lineterm=""
    )
    text = "\n".join(lines)
    return (
        text if len(text) <= DIFF_CHARS_MAX else text[:DIFF_CHARS_MAX] + "\n… (more on the page and in coroom history)"
    )
