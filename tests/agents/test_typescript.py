"""The TypeScript compiler that old outputs are judged by, with the Node.js of the agent CLIs."""

import os
from pathlib import Path

import pytest

from coroom.evaluate.rescore.typescript import compiler, judged


@pytest.mark.clients
def test_the_typescript_compiler_says_which_texts_parse_and_which_are_clean(
    clients_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Path(os.environ.get("COROOM_CACHE", Path.home() / ".cache" / "coroom")) / "typescript-alone"
    monkeypatch.setenv("PATH", f"{clients_path}:{os.environ['PATH']}")
    home = compiler(cache, ("typescript@5.9.3",))
    texts = {
        "good.tsx": b"export const f = (n: number): string => String(n);\n",
        "wrong.tsx": b"export const n: number = 'one';\n",
        "broken.tsx": b"export const f = (;\n",
        "elsewhere.tsx": b"import { B } from '@/ui/b';\nimport { C } from 'nowhere';\nexport const d = [B, C];\n",
    }
    (found,) = judged(texts, home)
    assert found == {
        "good.tsx": (True, 0),
        "wrong.tsx": (True, 1),
        "broken.tsx": (False, 0),
        "elsewhere.tsx": (True, 0),
    }
