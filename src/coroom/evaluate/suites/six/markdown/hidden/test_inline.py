import html
import random
import re

import pytest
from markdown_editor.inline import escape, render


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("plain", "plain"),
        ('<b> & "q"', "&lt;b&gt; &amp; &quot;q&quot;"),
        ("**a** and *b* and _c_", "<strong>a</strong> and <em>b</em> and <em>c</em>"),
        ("** a**", "** a**"),
        ("* a *", "* a *"),
        ("**a *b* c**", "<strong>a <em>b</em> c</strong>"),
        ("snake_case_name", "snake_case_name"),
        ("_a_b", "_a_b"),
        ("****", "****"),
        ("`a*b*`", "<code>a*b*</code>"),
        ("``a`b``", "<code>a`b</code>"),
        ("`` ` ``", "<code>`</code>"),
        ("`  `", "<code>  </code>"),
        ("`open", "`open"),
        ("`<`", "<code>&lt;</code>"),
        (r"\*a\* \\ \x", r"*a* \ \x"),
        (r"\<", "&lt;"),
        ("[a](http://x.org)", '<a href="http://x.org">a</a>'),
        ("[*a*](b/c.html)", '<a href="b/c.html"><em>a</em></a>'),
        ("[a](mailto:x@y.z)", '<a href="mailto:x@y.z">a</a>'),
        ("[a](javascript:alert)", "a"),
        ("[a](JavaScript:alert)", "a"),
        ("[a](data:text/html,x)", "a"),
        ('[a](x"y)', '<a href="x&quot;y">a</a>'),
        ("[a](b c)", "[a](b c)"),
        ("[a]", "[a]"),
        ("a  \nb\nc", "a<br />\nb\nc"),
    ],
)
def test_marks_become_tags(text: str, found: str) -> None:
    assert render(text) == found


def test_text_without_marks_comes_back_escaped() -> None:
    chance = random.Random(1)
    for _ in range(200):
        text = "".join(chance.choice('ab &<>"\'.,:;') for _ in range(chance.randrange(30))).strip()
        text = re.sub(" +", " ", text)
        assert render(text) == escape(text)
        assert html.unescape(escape(text)) == text


def test_no_text_makes_a_tag_of_its_own() -> None:
    chance = random.Random(2)
    allowed = re.compile(r'</?(?:strong|em|code|a)>|<a href="[^"<>]*">|<br />')
    for _ in range(400):
        text = "".join(chance.choice("ab *_`[]()<>&\\\"/:\n") for _ in range(chance.randrange(40)))
        assert "<" not in allowed.sub("", render(text))
