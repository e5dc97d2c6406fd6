import html
import random
import re

import pytest
from markdown_editor.highlight import highlight


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("if x", '<span class="k">if</span> x'),
        ("iffy", "iffy"),
        ("'a' \"b\\\"c\"", "<span class=\"s\">'a'</span> <span class=\"s\">&quot;b\\&quot;c&quot;</span>"),
        ("x # if 'a'", "x <span class=\"c\"># if 'a'</span>"),
        ("'# no'", "<span class=\"s\">'# no'</span>"),
        ("a1 = 12.5 + 3", 'a1 = <span class="n">12.5</span> + <span class="n">3</span>'),
        ("a < b", "a &lt; b"),
        ("'open", "'open"),
    ],
)
def test_python_has_its_colours(code: str, found: str) -> None:
    assert highlight(code, "python") == found


def test_another_language_is_only_escaped() -> None:
    assert highlight('if "a" < 3', "c") == "if &quot;a&quot; &lt; 3"
    assert highlight("if", "") == "if"


@pytest.mark.parametrize("language", ["python", "rust", ""])
def test_the_text_is_always_the_code(language: str) -> None:
    chance = random.Random(3)
    for _ in range(300):
        code = "".join(chance.choice("if x1.5'\"#\\<>&\n_é") for _ in range(chance.randrange(40)))
        assert html.unescape(re.sub(r'</?span(?: class="[ksnc]")?>', "", highlight(code, language))) == code
