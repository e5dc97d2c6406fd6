"""Blocks to HTML."""

import re
from collections import Counter

from markdown_editor import inline
from markdown_editor.highlight import highlight
from markdown_editor.lexer import Block, blocks


def render(text: str) -> str:
    """As HTML."""
    return _all(blocks(text))


def _all(found: list[Block]) -> str:
    return "".join(_one(block) for block in found)


def _one(block: Block) -> str:
    match block:
        case ("heading", level, text):
            return f"<h{level}>{inline.render(text)}</h{level}>\n"
        case ("code", language, text):
            named = f' class="language-{inline.escape(language)}"' if language else ""
            body = highlight(text, language) + "\n" if text else ""
            return f"<pre><code{named}>{body}</code></pre>\n"
        case ("rule",):
            return "<hr />\n"
        case ("list", ordered, items):
            tag = "ol" if ordered else "ul"
            body = "".join(f"<li>{inline.render(item)}</li>\n" for item in items)
            return f"<{tag}>\n{body}</{tag}>\n"
        case ("quote", inner):
            return f"<blockquote>\n{_all(inner)}</blockquote>\n"
    return f"<p>{inline.render(block[1])}</p>\n"


def headings(text: str) -> list[tuple[int, str, str]]:
    """With an anchor each."""
    seen: Counter[str] = Counter()
    found = []
    for block in blocks(text):
        if block[0] == "heading":
            anchor = "-".join(re.findall(r"[^\W_]+", block[2].lower()))
            number = seen[anchor]
            seen[anchor] += 1
            found.append((block[1], block[2], f"{anchor}-{number}" if number else anchor))
    return found
