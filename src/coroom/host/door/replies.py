"""What an agent reads: the one file that turns an `Answer` into words.

Two voices never mix. The room's own lines begin with `[coroom NONCE]`; whatever others wrote (notices, titles,
reasons, files) stands between `[begin NONCE …]` and `[end NONCE]` with its author and kind outside, every line of it
behind `| `. No mark holds `<` or `>`, which Gemini CLI writes as entities. The nonce is fresh for each reply, so nobody
who wrote before can have known it (promises voice:labelled, voice:powerless).
"""

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence

from coroom.core.codec import Json, to_json
from coroom.core.errors import Code, Refused, with_one_stop
from coroom.core.notice import Notice
from coroom.core.quick import dataclass
from coroom.host.door.answer import Answer
from coroom.host.door.clean import cleaned, one_line, revealed, shortened

LINE_CHARS_MAX = 600
"""The room's own line: a sentence or two."""

NOTICE_CHARS_MAX = 4_000
"""As long as a message may be (`Limits.text_chars_max`)."""

FILE_CHARS_MAX = 60_000
"""About 15,000 tokens; more of a file is asked for by line."""

DATA_CHARS_MAX = 30_000
"""A task's text whole, or a board of some hundred tasks."""

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_PLAIN = re.compile(r"[A-Za-z0-9_.*-]*")
_VALUE_CHARS_MAX = 20_000
_LABEL_CHARS_MAX = 120
_SHORT_VALUES_MAX = 10
_SHORT_CHARS = 1_000

_REFUSED: dict[Code, str] = {
    Code.CLAIMED: "Somebody else holds that",
    Code.CONFLICT: "It conflicts with what others did",
    Code.DUPLICATE: "Something like it is there already",
    Code.FAILED: "The tool did nothing",
    Code.HELD_OPEN: "Held edits are still open",
    Code.RED: "The checks do not pass",
    Code.STALE: "It has changed meanwhile",
    Code.WAIT: "It is not ready yet",
}
"""The room's own words for refusals whose reason quotes what others wrote; the reason itself is fenced."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the agent: `text` for the model, `data` with the same content for programs and for clients
    that show the model nothing else. `refused`: nothing was changed.
    """

    text: str
    data: dict[str, Json]
    refused: bool


class _Writer:
    """One reply's nonce and the two ways of writing with it."""

    def __init__(self) -> None:
        self._nonce = secrets.token_hex(6)

    def own(self, words: str) -> str:
        """A line of the room's own."""
        return f"[coroom {self._nonce}] {one_line(with_one_stop(words), LINE_CHARS_MAX)}"

    def fenced(self, label: Mapping[str, str], text: str) -> str:
        """What somebody else wrote, with what is known about it outside."""
        told = " ".join(f"{name}={_labelled(value)}" for name, value in label.items() if value)
        lines = text.replace("\n", "\n| ")
        return f"[begin {self._nonce} {told}]\n| {lines}\n[end {self._nonce}]"


def _labelled(value: str) -> str:
    value = one_line(value, _LABEL_CHARS_MAX)
    return value if _PLAIN.fullmatch(value) else _json(value)


def reply(answer: Answer) -> Reply:
    """Everything the answer holds, in words and as data."""
    writer = _Writer()
    said = [*_refusal(writer, answer.refused)] if answer.refused else [writer.own(answer.text)] if answer.text else []
    shown = _bounded({} if answer.refused else answer.data)
    data: dict[str, Json] = {"ok": answer.refused is None, "said": "\n".join(said)}
    parts = list(said)
    if answer.refused:
        data["refused"] = answer.refused.code.value
        data |= {name: _clean_value(value, _LABEL_CHARS_MAX) for name, value in _extra(answer.refused).items()}
    if shown:
        data["data"] = shown
        parts.append(writer.fenced({"kind": "state", "from": "room"}, "\n".join(_lines(shown))))
    if answer.file is not None:
        text = shortened(revealed(answer.file), FILE_CHARS_MAX)
        fenced = writer.fenced({"kind": "file"}, text)
        data["file"] = fenced
        parts.append(fenced)
    news = [_news(writer, notice) for notice in answer.notices]
    parts += news
    if answer.left:
        parts.append(writer.own(f"{answer.left} more notices wait; call sync."))
    if news:
        data["news"] = news
    if answer.notices or answer.left:
        data |= {"notices": [_facts(notice) for notice in answer.notices], "left": answer.left}
    return Reply("\n".join(parts) or writer.own("Nothing new."), data, answer.refused is not None)


def context(answer: Answer) -> str:
    """What a hook adds to the model's context: empty when there is nothing to say."""
    return reply(answer).text if answer.text or answer.data or answer.notices or answer.refused else ""


def refusal(refused: Refused) -> str:
    """Why an agent's own tool may not run, as the model reads it."""
    return "\n".join(_refusal(_Writer(), refused))


def _refusal(writer: _Writer, refused: Refused) -> Iterable[str]:
    quotes_others = _REFUSED.get(refused.code)
    if quotes_others is None:
        yield writer.own(f"Refused: {refused.why} Next: {refused.next_step}")
        return
    yield writer.own(f"Refused: {quotes_others}. Next: {refused.next_step}")
    yield writer.fenced({"kind": "reason", "from": "room"}, shortened(cleaned(refused.why), NOTICE_CHARS_MAX))


def _extra(refused: Refused) -> Mapping[str, Json]:
    """What a special refusal knows beside its sentences: blockers and what is free."""
    told = to_json(refused)
    assert isinstance(told, Mapping)
    return {name: value for name, value in told.items() if name not in {"code", "why", "next_step"}}


def _news(writer: _Writer, notice: Notice) -> str:
    label = {
        "from": notice.sender,
        "kind": notice.kind.value,
        "id": notice.id,
        "to": notice.to,
        "about": notice.about,
        "on": ", ".join(map(str, notice.resources[:4])),
    }
    return writer.fenced(label, shortened(cleaned(notice.text), NOTICE_CHARS_MAX))


def _facts(notice: Notice) -> dict[str, Json]:
    return {
        "id": notice.id,
        "from": notice.sender,
        "kind": notice.kind.value,
        "about": one_line(notice.about, _LABEL_CHARS_MAX),
    }


def _lines(data: Mapping[str, Json]) -> Iterable[str]:
    """Data as a model reads it best: a name and a value a line, the items of a list below."""
    for name, value in data.items():
        if type(value) is int:
            yield f"{name}: {value}"
            continue
        if value is None or value in ("", [], {}):
            continue
        if isinstance(value, str):
            first, *rest = value.split("\n")
            yield f"{name}: {first}"
            yield from (f"  {line}" for line in rest)
        elif isinstance(value, Sequence):
            yield f"{name}:"
            yield from (f"  {item if isinstance(item, str) else _json(item)}" for item in value)
        else:
            yield f"{name}: {_json(value)}"


def _bounded(data: Mapping[str, Json]) -> dict[str, Json]:
    """The data, cleaned, and its longest lists cut until all of it fits."""
    clean = {one_line(name, _LABEL_CHARS_MAX): _clean_value(value, _VALUE_CHARS_MAX) for name, value in data.items()}
    while not _is_short(clean) and len(_json(clean)) > DATA_CHARS_MAX:
        name = max(clean, key=lambda name: len(_json(clean[name])))
        value = clean[name]
        if isinstance(value, list) and len(value) > 1:
            kept = len(value) // 2
            clean[name] = value[:kept]
            clean[f"{name}_left_out"] = len(value) - kept + int(str(clean.get(f"{name}_left_out", 0)))
        else:
            clean[name] = shortened(value if isinstance(value, str) else _json(value), DATA_CHARS_MAX // 3)
    return clean


def _is_short(data: Mapping[str, Json]) -> bool:
    """Whether it is plainly within bounds: a few words and numbers, as most data of a reply are."""
    if len(data) > _SHORT_VALUES_MAX:
        return False
    return all(type(value) is int or (type(value) is str and len(value) < _SHORT_CHARS) for value in data.values())


def _clean_value(value: Json, chars_max: int) -> Json:
    if type(value) is int:
        return value
    if isinstance(value, str):
        return shortened(cleaned(value), chars_max)
    if isinstance(value, Mapping):
        return {one_line(name, _LABEL_CHARS_MAX): _clean_value(item, chars_max) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_in_list(item, chars_max) for item in value]
    return value


def _in_list(value: Json, chars_max: int) -> Json:
    return one_line(value, chars_max) if isinstance(value, str) else _clean_value(value, chars_max)


def _json(value: Json) -> str:
    return _ENCODER.encode(value)
