"""The conflict radar over a shared repository: which live branches will not merge, long before either lands."""

from coroom.git.landing import QUEUE, Entry, queued
from coroom.git.radar import WORK, BranchRadar, Live, Meeting
from coroom.git.shared import SharedRefs

PATHS_SHOWN = 5


def meetings_at(shared: SharedRefs, onto: str, entry: Entry | None = None) -> list[Meeting]:
    """Which live branches will not merge with one another: those that wait to land on `onto`, saved work, and other
    branches that were pushed there. With an entry, only what concerns that one.

    Raises:
        GitFailed: the repository cannot be reached.
    """
    branch = f"refs/heads/{onto}"
    refs = shared.fetch(shared.read("refs/heads", WORK, QUEUE))
    main = refs.get(branch, "")
    pushed = [Live(ref.removeprefix("refs/heads/"), oid) for ref, oid in sorted(refs.items()) if _is_live(ref, branch)]
    waiting = [Live(_called(one), one.tip) for one in queued(shared, refs) if one.onto == onto]
    tips = {one.tip for one in waiting}
    branches = [*(one for one in pushed if one.tip not in tips), *waiting]
    return BranchRadar(shared.git).meetings(main, branches, _called(entry) if entry else "")


def _is_live(ref: str, main: str) -> bool:
    return ref != main and ref.startswith(("refs/heads/", WORK + "/"))


def _called(entry: Entry) -> str:
    return f"{entry.agent}'s {entry.id[-12:]} ({entry.title})"


def shown_paths(meeting: Meeting) -> str:
    """The first paths of a meeting, for a person."""
    more = len(meeting.paths) - PATHS_SHOWN
    shown = ", ".join(path.encode("utf-8", "replace").decode() for path in meeting.paths[:PATHS_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
