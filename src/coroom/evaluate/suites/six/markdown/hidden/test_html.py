import pytest
from markdown_editor.html import headings, render


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("# A *b*", "<h1>A <em>b</em></h1>\n"),
        ("a\nb", "<p>a\nb</p>\n"),
        ("---", "<hr />\n"),
        ("- a\n- `b`", "<ul>\n<li>a</li>\n<li><code>b</code></li>\n</ul>\n"),
        ("1. a", "<ol>\n<li>a</li>\n</ol>\n"),
        ("```\n<x>\n```", "<pre><code>&lt;x&gt;\n</code></pre>\n"),
        ("```python\nif\n```", '<pre><code class="language-python"><span class="k">if</span>\n</code></pre>\n'),
        ("```\n```", "<pre><code></code></pre>\n"),
        ("> # a\n> b", "<blockquote>\n<h1>a</h1>\n<p>b</p>\n</blockquote>\n"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n"),
        ('```"><script>\n```', '<pre><code class="language-&quot;&gt;&lt;script&gt;"></code></pre>\n'),
    ],
)
def test_blocks_become_html(text: str, found: str) -> None:
    assert render(text) == found


def test_headings_have_anchors_of_their_own() -> None:
    text = "# A b!\n\n## A b\n\ntext\n\n# Äther 2\n\n# a-b\n\n```\n# no\n```"
    assert headings(text) == [(1, "A b!", "a-b"), (2, "A b", "a-b-1"), (1, "Äther 2", "äther-2"), (1, "a-b", "a-b-2")]
