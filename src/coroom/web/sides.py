"""Texts as the page shows them: the lines of a file with their authors, and the three sides of a held edit."""

import asyncio

from coroom.core.codec import Json
from coroom.core.file import FileKind, HeldEdit
from coroom.core.state import RoomState
from coroom.host.host import Host
from coroom.web.history import History, Step
from coroom.workspace.lines import diff3, split_lines

SHOWN_BYTES_MAX = 1_000_000
"""A file that a person reads in a browser; a larger one is downloaded from its mirror."""

REPOSITORY = ""
"""The author of lines that were there before the room."""


async def file_page(host: Host, history: History, path: str, seq: int) -> dict[str, Json] | None:
    """The text of `path` after event `seq` with the author of each line, or None when the room has no such file.

    Returns:
        `path`, `version`, `by`, `kind` and `lines`, a list of [author, text]; author "" is the repository. A file that
        is no text or too large has no lines and says why in `note`.
    """
    state = await history.at(seq)
    head = state.head(path)
    if head is None:
        return None
    found: dict[str, Json] = {"path": path, "version": head.version, "by": head.by, "kind": head.kind.value}
    text = host.blob(head.blob) if head.kind is FileKind.TEXT else None
    if text is None or len(text) > SHOWN_BYTES_MAX:
        why = "is no text" if head.kind is not FileKind.TEXT else "is not kept here or too large to show"
        gone = head.kind is FileKind.ABSENT
        return {**found, "lines": [], "note": f"{path} is deleted." if gone else f"{path} {why}."}
    steps = await history.versions(path, min(seq, state.seq))
    lines = split_lines(text)
    authors = await asyncio.to_thread(_authors, host, steps, lines)
    shown: list[Json] = [[author, _text(line)] for author, line in zip(authors, lines, strict=True)]
    return {**found, "lines": shown, "claims": _claims_on(state, path)}


def _authors(host: Host, steps: list[Step], lines: list[bytes]) -> list[str]:
    """Who wrote each line: a line that a version brings is its author's, one that it keeps stays whose it was."""
    before: list[bytes] = split_lines(host.blob(steps[0].before) or b"") if steps else lines
    authors = [REPOSITORY] * len(before)
    for step in steps:
        text = host.blob(step.version.blob)
        if text is None or len(text) > SHOWN_BYTES_MAX:
            continue
        after = split_lines(text)
        fresh: list[str] = []
        for region in diff3(before, after, before):
            kept = region.kind == "same"
            fresh += authors[slice(*region.base)] if kept else [step.version.by] * (region.ours[1] - region.ours[0])
        before, authors = after, fresh
    return authors if before == lines else [REPOSITORY] * len(lines)


def _claims_on(state: RoomState, path: str) -> list[Json]:
    return [
        {"holder": claim.holder, "resource": str(resource), "mode": claim.mode.value}
        for claim in sorted(state.claims.values(), key=lambda claim: claim.fence)
        for resource in claim.resources
        if resource.path == path
    ]


def held_page(host: Host, held: HeldEdit) -> dict[str, Json]:
    """A held edit with its three texts side by side.

    Returns:
        The edit's `id`, `path`, `agent`, `reason` and `state`, and `regions`: each with `kind` (same, ours, theirs,
        both, conflict) and the lines `base`, `theirs` (the room's) and `mine` (the author's). No regions when a side
        is no text; `note` says so.
    """
    found: dict[str, Json] = {
        "id": held.id,
        "path": held.path,
        "agent": held.agent,
        "reason": held.reason,
        "state": held.state.value,
    }
    sides = [host.blob(blob) for blob in (held.base, held.theirs, held.mine)]
    texts = [side for side in sides if side is not None and len(side) <= SHOWN_BYTES_MAX and b"\0" not in side]
    if len(texts) < 3:
        return {**found, "regions": [], "note": "A side of it is no text, too large, or no longer kept."}
    base, theirs, mine = map(split_lines, texts)
    regions: list[Json] = [
        {
            "kind": region.kind,
            "base": [_text(line) for line in base[slice(*region.base)]],
            "mine": [_text(line) for line in mine[slice(*region.ours)]],
            "theirs": [_text(line) for line in theirs[slice(*region.theirs)]],
        }
        for region in diff3(base, mine, theirs)
    ]
    return {**found, "regions": regions}


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
