"""A run as a person sees it in the terminal: one line an agent while it lasts, a table when it is over."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from coroom.core.event import EditHeld, Event, FileAccepted, HeldSettled, Landed, NoticeSent, TaskDone, TaskTaken
from coroom.core.notice import NoticeKind
from coroom.core.timeline import describe
from coroom.host.door.clean import cleaned, one_line, shortened
from coroom.host.rooms import Room
from coroom.run.summary import Summary

LINE_CHARS_MAX = 300
"""What agents print is theirs: one line of it, and no escape sequence reaches the terminal."""

ERROR_CHARS_MAX = 2_000
"""A refused landing quotes the end of what the tests said."""

NARROW_MAX = 200
"""Columns that the summary's table may need."""

_SHOWN = (EditHeld, HeldSettled, TaskTaken, TaskDone, Landed)


class TerminalScreen:
    """Shows a run on standard error, so that standard output stays for the result; plain lines when piped."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live: Live | None = None
        self._lines: dict[str, str] = {}
        self._room: Room | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        """One line about the run as a whole."""
        seconds = time.monotonic() - self._began
        shown = Text.assemble((f"{seconds:6.1f} s  ", "dim"), one_line(text, LINE_CHARS_MAX))
        # Left to the terminal to break, an address stays one that can be clicked and copied.
        self._console.print(shown, soft_wrap=True)

    def show(self, agent: str, text: str) -> None:
        """What an agent is doing now."""
        text = one_line(text, LINE_CHARS_MAX)
        if self._lines.get(agent) == text:
            return
        self._lines[agent] = text
        if self._live:
            self._live.update(self._table())
        else:
            self.say(f"{agent}: {text}")

    def ready(self, room: Room, url: str) -> None:
        """The room is open: what happens in it is shown from here on."""
        self._room = room
        self.say(f"room '{room.name}' is open; watch it live at {url}/#key={room.operator_token}")
        room.host.listen(self._heard)

    def _heard(self, event: Event) -> None:
        if self._live:
            self._live.update(self._table())
        body = event.body
        if isinstance(body, FileAccepted):
            if body.layer not in {"identical", "chosen"}:
                self.say(f"merged live ({body.layer}): {describe(event)}")
        elif isinstance(body, NoticeSent):
            if body.about_kind in {NoticeKind.OBSERVED, NoticeKind.QUESTION, NoticeKind.CONTRACT}:
                first = body.text.splitlines()[0] if body.text else ""
                self.say(f"{', '.join(body.readers) or 'nobody'} told: {first}")
        elif isinstance(body, _SHOWN):
            self.say(describe(event))

    def _table(self) -> Table:
        table = Table(box=None, show_header=False, pad_edge=False)
        for agent, text in self._lines.items():
            task = self._task_of(agent)
            table.add_row(
                Text(agent, style="bold"), Text(task, style="cyan"), Text(text, overflow="ellipsis", no_wrap=True)
            )
        return table

    def _task_of(self, agent: str) -> str:
        known = self._room.host.state.agents.get(agent) if self._room else None
        return known.task or "" if known else ""


def print_summary(summary: Summary) -> None:
    """The result on standard output, colours only in a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False)
    table = _who_did_what(summary)
    # Where the terminal is narrower it breaks lines: that is better to read than figures that are cut off.
    narrowest = console.measure(table, options=console.options.update(max_width=NARROW_MAX)).minimum
    console.width = max(console.width, narrowest)
    console.print(table, soft_wrap=True)

    def line(text: str, style: str = "") -> None:
        console.print(Text(shortened(cleaned(text), ERROR_CHARS_MAX), style=style), soft_wrap=True)

    for deeds in summary.deeds:
        if deeds.work.error:
            logs = f" Its output is in {deeds.work.logs}." if deeds.work.logs else ""
            line(f"{deeds.agent} failed: {deeds.work.error.removesuffix('.')}.{logs}", "red")
    if summary.meetings:
        line("Conflicts held, and how they ended:")
        for m in summary.meetings:
            line(f"- {m.held} {m.path} by {m.agent}: {m.reason} → {m.ending}")
    gain = (
        f", {summary.together / summary.seconds:.1f} times that side by side"
        if summary.seconds and sum(deeds.work.seconds > 0 for deeds in summary.deeds) > 1
        else ""
    )
    line(
        f"{summary.seconds:.1f} s in all; the longest agent took {summary.longest:.1f} s, "
        f"all together {summary.together:.1f} s{gain}."
    )
    if summary.refused:
        line(f"Not landed: {summary.refused}", "red")
    elif summary.landed.get("landed"):
        line(f"Landed {_commits(summary)} on {summary.landed['branch']}, tests green.", "green")
    elif summary.landed:
        line("Nothing to land: the branch has all of it.")


def _who_did_what(summary: Summary) -> Table:
    table = Table(title="Who did what", title_justify="left", box=None, pad_edge=False)
    table.add_column("agent", no_wrap=True)
    table.add_column("tasks done", overflow="fold", min_width=len("tasks done"))
    for column in ("edits", "merged", "held", "told", "seconds", "tokens"):
        table.add_column(column, justify="right", no_wrap=True)
    for d in summary.deeds:
        tokens = d.work.input_tokens + d.work.output_tokens
        cells = (d.edits, d.merged, d.held, d.told, f"{d.work.seconds:.1f}", tokens or "-")
        table.add_row(f"{d.agent} ({d.client})", ", ".join(d.tasks) or "-", *map(str, cells))
    return table


def _commits(summary: Summary) -> str:
    commits = summary.landed.get("commits")
    count = len(commits) if isinstance(commits, list) else 0
    return f"{count} commit{'s' * (count != 1)}"
