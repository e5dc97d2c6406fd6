"""The Python of the pages runs, and prints what the page says that it prints."""

import contextlib
import io
import re
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"```(?P<kind>python|text)\n(?P<text>.*?)```", re.DOTALL)
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if "```python" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_the_python_of_a_page_prints_what_the_page_says(page: Path) -> None:
    module = types.ModuleType(f"page_{page.stem}")
    # Type hints are looked up in the module of a function.
    sys.modules[module.__name__] = module
    printed = ""
    try:
        for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            if block["kind"] == "text":
                assert printed == block["text"], page.name
                printed = ""
                continue
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block["text"], str(page), "exec"), module.__dict__)
            printed += out.getvalue()
        assert not printed, f"{page.name} does not show what it prints"
    finally:
        del sys.modules[module.__name__]
