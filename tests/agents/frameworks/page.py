"""The Python of docs/frameworks.md, block by block."""

import ast
import asyncio
import inspect
import re
from pathlib import Path
from types import CodeType

PAGE = Path(__file__).resolve().parents[3] / "docs/frameworks.md"
BLOCKS = re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def block(naming: str) -> CodeType:
    (found,) = [text for text in BLOCKS if naming in text]
    code: CodeType = compile(found, PAGE.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


async def run(code: CodeType) -> dict[str, object]:
    module: dict[str, object] = {}
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, module)
    else:
        await asyncio.to_thread(exec, code, module)
    return module
