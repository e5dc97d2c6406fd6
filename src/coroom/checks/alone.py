"""What is wrong with one tree by itself: it does not parse, holds what no program holds, or names what is not there."""

import builtins
import re
from collections.abc import Iterator, Mapping, Sequence

from coroom.checks.finding import Finding
from coroom.checks.program import BYTES_MAX
from coroom.syntax import definitions, facts_of, first_error, grammar_of, is_plain, parses, script_names

_PLACEHOLDER = re.compile(
    rb"(?:/\*|//|\#|<!--)\s*(?:"
    rb"TODO:[A-Za-z]\w*\s"
    rb"|(?:\.{3}|\xe2\x80\xa6)\s*(?:existing|rest of|remaining|other|previous|same|keep)\b[^\n]*"
    rb"|(?:rest|remainder) of (?:the )?(?:code|file|function|class|component)\b[^\n]*"
    rb"|(?:your|add) (?:code|implementation|logic) (?:goes )?here\b"
    rb"|placeholder(?: for| implementation)?\b[^\n]*implement"
    rb")",
    re.IGNORECASE,
)
MARKUP = re.compile(
    rb"</?(?:antml:)?(?:parameter|invoke|function_calls|function_results|tool_call|tool_use|tool_result)\b[^>\n]{0,200}>"
    rb"|</?xcr[dc]t[_:]\w+[^>\n]{0,200}>"
    rb"|<\|(?:im_start|im_end|endoftext|assistant|user|system)\|>"
)
"""Tags of tool calls and chats, as models leave them in what they write."""

_CONFLICT = re.compile(rb"^(?:<{7} |>{7} |\|{7} )", re.MULTILINE)
_FENCE = re.compile(rb"\A\s*```\w*\s*$|^```\s*\Z", re.MULTILINE)
_BUILT_IN = frozenset(dir(builtins)) | frozenset(
    [
        "__file__",
        "__name__",
        "__doc__",
        "__path__",
        "__package__",
        "__spec__",
        "__loader__",
        "__builtins__",
        "__annotations__",
        "__class__",
        "__dict__",
        "__module__",
        "__qualname__",
        "reveal_type",
        "WindowsError",
        "unicode",
        "basestring",
        "long",
        "xrange",
        "raw_input",
    ]
)


def unread_in(texts: Mapping[str, bytes], huge: Sequence[str] = ()) -> Iterator[str]:
    """What of a tree is looked at as text alone, and what not at all (`huge`), a sentence for each reason."""
    strange = {path.rpartition(".")[2] for path in texts if grammar_of(path) is None and not is_plain(path)}
    if strange:
        yield f"as text alone, for their language is not read: .{', .'.join(sorted(strange)[:8])} files"
    large = sorted(path for path, text in texts.items() if len(text) > BYTES_MAX and grammar_of(path) is not None)
    if large:
        yield f"as text alone, for they are too large: {_some(large)}"
    if huge:
        yield f"not looked at, for they are too large: {_some(huge)}"


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


def in_one_tree(texts: Mapping[str, bytes]) -> Iterator[Finding]:
    """What is wrong with each file of a tree; nothing about files of unknown languages but leaked markup."""
    for path in sorted(texts):
        yield from in_one_file(texts[path], path)


def in_one_file(text: bytes, path: str) -> Iterator[Finding]:
    """What is wrong with one text by itself."""
    if len(text) > BYTES_MAX or b"\0" in text[:8192]:
        return
    if grammar_of(path) is not None:
        yield from left_over(text, path)
        if parses(text, path):
            yield from _names(text, path)
        else:
            yield _finding("parse", path, first_error(text, path), "", "it does not parse", 0.99)
    elif _CONFLICT.search(text):
        yield from _each(_CONFLICT, text, path, "leaked-markup", "a conflict marker was left in the text")


def left_over(text: bytes, path: str) -> Iterator[Finding]:
    """Placeholders that nobody filled, and the markup of tools, merges and chats."""
    yield from _each(_PLACEHOLDER, text, path, "placeholder", "a placeholder was never filled")
    yield from _each(MARKUP, text, path, "leaked-markup", "the markup of a tool call was left in the text")
    yield from _each(_CONFLICT, text, path, "leaked-markup", "a conflict marker was left in the text")
    yield from _each(_FENCE, text, path, "leaked-markup", "the fence of a code block was left in the text")


def _each(pattern: re.Pattern[bytes], text: bytes, path: str, kind: str, said: str) -> Iterator[Finding]:
    for match in pattern.finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        line = text.count(b"\n", 0, start) + 1
        if kind == "leaked-markup" and _is_quoted(text, match.start()):
            continue
        shown = " ".join(match[0].decode(errors="replace").split())[:60]
        yield _finding(kind, path, line, shown, f"{said}: {shown}", 0.95)


def _is_quoted(text: bytes, at: int) -> bool:
    """Whether a place lies within quotes on its line: a program may speak of markup."""
    line = text[text.rfind(b"\n", 0, at) + 1 : at]
    return any(line.count(quote) % 2 for quote in (b'"', b"'", b"`"))


def _names(text: bytes, path: str) -> Iterator[Finding]:
    script = script_names(text, path)
    if script is not None:
        for name, line in script.doubled:
            yield _finding("duplicate-definition", path, line, name, f"{name} is declared twice", 0.97)
        for name, line in script.unbound:
            yield _finding("undefined-name", path, line, name, f"nothing declares {name}", 0.92)
        return
    facts = facts_of(text, path)
    if facts is None or grammar_of(path) is None or not path.endswith((".py", ".pyi")):
        return
    if not facts.wildcard:
        for name, line in facts.unbound.items():
            if name not in _BUILT_IN:
                yield _finding("undefined-name", path, line, name, f"nothing defines {name}", 0.92)
    seen: dict[str, int] = {}
    for each in definitions(text, path):
        before = seen.get(each.name)
        if before is not None and not each.decorators and b"@overload" not in text:
            yield _finding(
                "duplicate-definition",
                path,
                each.line,
                each.name,
                f"{each.name} is defined in line {before}, too",
                0.85,
            )
        seen[each.name] = each.line


def _finding(kind: str, path: str, line: int, symbol: str, message: str, sure: float) -> Finding:
    return Finding(
        kind=kind, path=path, line=line, symbol=symbol, message=message, ours=(f"{path}:{line}",), confidence=sure
    )
