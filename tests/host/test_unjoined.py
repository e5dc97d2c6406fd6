"""What lines have that was not joined yet: the same however often it is asked for, and each event is read once."""

from dataclasses import dataclass, field
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from coroom.core.event import Event, FileAccepted
from coroom.core.file import SHARED_LINE, FileKind, FileVersion
from coroom.host.edits.joining import JOINED, Unjoined, UnjoinedLines
from coroom.host.host import Host

AGENTS, PATHS = ("a", "b"), ("p", "q")


@dataclass
class Logged:
    """A host, as far as its log goes."""

    log: list[Event] = field(default_factory=list)
    read: int = 0

    def events(self, after: int) -> list[Event]:
        self.read += len(self.log) - after
        return self.log[after:]

    def accept(self, line: str, by: str, path: str, layer: str, renamed_from: str = "") -> None:
        seq = len(self.log) + 1
        file = FileVersion(
            path=path,
            file_id="f",
            version=seq,
            kind=FileKind.TEXT,
            blob=f"blob {seq}",
            by=by,
            renamed_from=renamed_from,
        )
        body = FileAccepted(line=line, file=file, before=f"before {seq}", layer=layer, written="")
        self.log.append(Event(seq, 0, by, body))


def said_plainly(log: list[Event], agent: str) -> Unjoined:
    """The whole log for one agent alone: since the last joining of a path, the first text and the last renaming."""
    found = Unjoined()
    for path in PATHS:
        own: list[FileAccepted] = []
        for event in log:
            body = cast("FileAccepted", event.body)
            if body.file.path != path or agent not in {body.line, body.file.by}:
                continue
            own = [] if body.line == SHARED_LINE or body.layer == JOINED else [*own, body]
        if own:
            found.bases[path] = own[0].before
            renamed = [body.file.renamed_from for body in own if body.file.renamed_from]
            found.renames |= {path: renamed[-1]} if renamed else {}
    return found


steps = st.tuples(
    st.sampled_from(AGENTS), st.sampled_from(PATHS), st.sampled_from(["write", "rename", "join", "ask", "ask"])
)


@given(st.lists(steps, max_size=40))
@settings(deadline=None, max_examples=150)
def test_what_is_not_joined_is_the_same_at_any_time_and_no_event_is_read_twice(
    told: list[tuple[str, str, str]],
) -> None:
    host = Logged()
    lines = UnjoinedLines(cast("Host", host))
    for agent, path, what in told:
        if what == "ask":
            assert lines.of(agent) == said_plainly(host.log, agent)
        elif what == "join":
            host.accept(SHARED_LINE, agent, path, "line")
            host.accept(agent, agent, path, JOINED)
        else:
            host.accept(agent, agent, path, "", "old" if what == "rename" else "")
    assert [lines.of(agent) for agent in AGENTS] == [said_plainly(host.log, agent) for agent in AGENTS]
    assert host.read == len(host.log)
