"""Events as the page draws them: one small JSON object each, with its sentence and its place on the timeline."""

from collections.abc import Iterable, Mapping

from coroom.core import event as e
from coroom.core.agent import EVERYONE
from coroom.core.codec import Json
from coroom.core.event import Event
from coroom.core.file import SHARED_LINE, FileKind
from coroom.core.timeline import describe

SENTENCE_CHARS_MAX = 600
"""A timeline is skimmed; the whole text of a message is on the page and in the log."""

UNSEEN = (e.Answered, e.NoticesRead, e.FilesRead, e.ClaimsRenewed, e.AgentSpent)
"""Bookkeeping of the room: several for each thing that happens, and nothing a person would look for."""


def marks(events: Iterable[Event]) -> list[dict[str, Json]]:
    """The marks of those events that a person sees, in order."""
    return [mark(event) for event in events if not isinstance(event.body, UNSEEN)]


def mark(event: Event) -> dict[str, Json]:
    """One event for the page.

    Returns:
        `seq`, `at_ms`, `by`, `kind`, `agent` (whose lane it belongs to) and `text` (its sentence); where they apply
        `path`, `id` (what the event is about), `to` (whose lanes an arrow reaches), `opens` and `closes` (the name of
        a bar), `label`, `passed` and `of` (the call in order whose agent's lane it is on, whoever carried it out).
    """
    text = describe(event)
    if len(text) > SENTENCE_CHARS_MAX:
        text = text[: SENTENCE_CHARS_MAX - 1] + "…"
    about = _about(event.body)
    return {
        "seq": event.seq,
        "at_ms": event.at_ms,
        "by": event.by,
        "kind": event.body.kind,
        "agent": event.by,
        "text": text,
        **about,
    }


def _about(body: e.Body) -> Mapping[str, Json]:
    match body:
        case e.FileAccepted():
            deleted = body.file.kind is FileKind.ABSENT
            private = body.line if body.line != SHARED_LINE else ""
            return {
                "agent": body.file.by,
                "path": body.file.path,
                "label": "deleted" if deleted else private,
                "id": body.settles,
            }
        case e.FilesSeeded():
            return {"label": str(len(body.files))}
        case e.EditHeld():
            return {"agent": body.agent, "path": body.path, "id": body.held}
        case e.HeldSettled():
            return {"agent": body.by, "id": body.held, "label": "dropped" if body.dropped else "resolved"}
        case e.FindingRaised():
            return {"path": body.path, "id": body.finding, "to": list(body.agents)}
        case e.NoticeSent():
            to: list[Json] = [EVERYONE] if body.to == EVERYONE else list(body.readers or (body.to,))
            return {"agent": body.sender, "to": to, "label": body.about_kind.value, "id": body.notice}
        case e.VerdictGiven():
            return {"passed": body.passed, "label": body.check, "id": body.tree}
        case e.Landed():
            return {"label": body.ref, "id": body.commit, "passed": True}
        case _:
            return {**_whose(body), **_bar(body), **_of_call(body)}


def _of_call(body: e.Body) -> Mapping[str, Json]:
    """What befell a call in order."""
    match body:
        case e.CallRead():
            return {"of": body.call, "label": body.tool}
        case e.CallPlaced():
            acts: dict[str, Json] = {"opens": f"call {body.call}"} if body.attempt else {}
            return {"of": body.call, "label": body.tool, "passed": not body.gated, **acts}
        case e.CallStarted():
            return {"of": body.call, "opens": f"call {body.call}", "label": body.call}
        case e.CallFinished() | e.CallFailed():
            return {"of": body.call, "closes": f"call {body.call}", "passed": isinstance(body, e.CallFinished)}
        case e.CallUndone():
            return {"of": body.call, "label": body.fate}
        case e.CallFenced() | e.FenceLifted():
            return {"of": body.call}
        case e.OrderNoticed():
            return {"id": body.notice, "label": body.cause.value}
        case e.OrderNoticesJudged():
            return {"label": body.verdict.value}
        case _:
            return {}


def _bar(body: e.Body) -> Mapping[str, Json]:
    match body:
        case e.TaskTaken():
            return {"opens": f"task {body.task}", "label": body.task, "id": body.task}
        case e.TaskDone() | e.TaskReturned() | e.TaskCancelled():
            return {"closes": f"task {body.task}", "id": body.task, "passed": isinstance(body, e.TaskDone)}
        case e.ActionStarted():
            return {"opens": f"action {body.action}", "label": body.tool, "id": body.action}
        case e.ActionFinished() | e.ActionFailed() | e.ActionUndone():
            done = isinstance(body, e.ActionFinished)
            return {"closes": f"action {body.action}", "id": body.action, "passed": done}
        case e.ClaimGranted():
            return {"label": ", ".join(map(str, body.resources[:3])), "id": body.claim}
        case e.ClaimEnded():
            return {"label": body.ending.value, "id": body.claim}
        case _:
            return {}


def _whose(body: e.Body) -> Mapping[str, Json]:
    agent = getattr(body, "agent", None)
    return {"agent": agent} if isinstance(agent, str) else {}
