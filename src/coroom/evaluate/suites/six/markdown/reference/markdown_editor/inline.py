"""Inside a line."""

import re

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"\[((?:\\.|[^\[\]\\])*)\]\(([^\s()\[\]]*)\)")
_STRONG = re.compile(r"\*\*(?!\s)(.+?)(?<!\s)\*\*", re.DOTALL)
_STAR = re.compile(r"\*(?![\s*])((?:[^*]|\*\*.+?\*\*)+?)(?<!\s)\*(?!\*)", re.DOTALL)
_UNDER = re.compile(r"(?<![^\W_])_(?![\s_])([^_]+?)(?<!\s)_(?![^\W_])", re.DOTALL)
_ESCAPED = set("\\`*_[]()#!<>&")


def escape(text: str) -> str:
    """As HTML shows it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def render(text: str) -> str:
    """As HTML."""
    return _inline(text, links=True)


def _inline(text: str, *, links: bool) -> str:
    found, at = [], 0
    while at < len(text):
        html, at = _next(text, at, links=links)
        found.append(html)
    return "".join(found)


def _next(text: str, at: int, *, links: bool) -> tuple[str, int]:
    char = text[at]
    if char == "\\" and text[at + 1 : at + 2] in _ESCAPED and at + 1 < len(text):
        return escape(text[at + 1]), at + 2
    if char == "`":
        if code := _CODE.match(text, at):
            content = code[2]
            if content.strip() and content[0] == content[-1] == " ":
                content = content[1:-1]
            return f"<code>{escape(content)}</code>", code.end()
        run = len(text[at:]) - len(text[at:].lstrip("`"))
        return "`" * run, at + run
    if char == "[" and links and (link := _LINK.match(text, at)):
        return _link(link[1], link[2]), link.end()
    if char in "*_" and (marked := _marked(text, at, links=links)):
        return marked
    if broken := re.compile(r" {2,}\n").match(text, at):
        return "<br />\n", broken.end()
    return escape(char), at + 1


def _link(text: str, address: str) -> str:
    scheme = address.partition(":")[0].lower() if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", address) else ""
    inner = _inline(text, links=False)
    return f'<a href="{escape(address)}">{inner}</a>' if scheme in {"http", "https", "mailto", ""} else inner


def _marked(text: str, at: int, *, links: bool) -> tuple[str, int] | None:
    for pattern, tag in ((_STRONG, "strong"), (_STAR, "em"), (_UNDER, "em")):
        if found := pattern.match(text, at):
            return f"<{tag}>{_inline(found[1], links=links)}</{tag}>", found.end()
    return None
