"""Code in colours."""

import keyword
import re

from markdown_editor.inline import escape

_TOKEN = re.compile(
    r"(?P<s>'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
    r"|(?P<c>#[^\n]*)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<n>\d+(?:\.\d+)?)"
)


def highlight(code: str, language: str) -> str:
    """As HTML."""
    if language != "python":
        return escape(code)
    found, at = [], 0
    for token in _TOKEN.finditer(code):
        found.append(escape(code[at : token.start()]))
        kind = token.lastgroup
        if kind == "name":
            kind = "k" if keyword.iskeyword(token[0]) else None
        text = escape(token[0])
        found.append(f'<span class="{kind}">{text}</span>' if kind else text)
        at = token.end()
    return "".join(found) + escape(code[at:])
