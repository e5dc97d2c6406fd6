"""Published outputs judged again: what is wrong with each, beside what was published of it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from coroom.cli import main
from coroom.evaluate.rescore.codecrdt import PUBLISHED, rescored, stripped, total, verdict_of
from coroom.evaluate.rescore.typescript import NoCompilerError, compiler

GOOD = (
    b"import { useState } from 'react';\nexport default function A() { const [n] = useState(0); return <p>{n}</p>; }\n"
)
LEAKED = GOOD + b"</parameter>\n</invoke>\n"
LEFT = b"/* TODO:Board the board */\n" + GOOD
TWICE = GOOD + b"const x = 1;\nconst x = 2;\n"
UNKNOWN = GOOD + b"console.log(nobody);\n"
WRONG_TYPE = GOOD + b"const n: number = 'one';\n"


def stored(folder: Path, *texts: bytes, mode: str = "parallel", task: str = "dashboard") -> Path:
    folder.mkdir(exist_ok=True)
    for run, text in enumerate(texts, start=1):
        kept = {"prompt_id": task, "mode": mode, "run_number": run, "response_time": 2.0 * run}
        name = folder / f"{task}_{mode}_run{run:03d}.json"
        name.write_text(json.dumps({**kept, "response_content": text.decode()}))
    return folder


def test_each_flaw_is_told_apart() -> None:
    good = verdict_of(GOOD, None)
    assert good.usable
    leaked = verdict_of(LEAKED, None)
    assert (leaked.leaked, leaked.parses, leaked.stripped_parses, leaked.usable) == (True, False, True, False)
    assert stripped(LEAKED).split() == GOOD.split()
    assert verdict_of(LEFT, None).placeholder
    assert verdict_of(TWICE, None).duplicate
    assert verdict_of(UNKNOWN, None).undefined
    assert not any(verdict_of(text, None).usable for text in (LEFT, TWICE, UNKNOWN))


def test_a_task_has_a_line_for_each_mode_beside_the_published_one(tmp_path: Path) -> None:
    stored(tmp_path / "results", GOOD, LEAKED, TWICE)
    stored(tmp_path / "results", GOOD, GOOD, mode="sequential")
    stored(tmp_path / "results", LEFT, task="chess")
    seen: list[tuple[int, int]] = []
    cells = rescored(tmp_path, None, lambda done, of: seen.append((done, of)))
    assert [(cell.task, cell.mode) for cell in cells] == [
        ("dashboard", "sequential"), ("dashboard", "parallel"), ("chess", "parallel"),
    ]  # fmt: skip
    plain, parallel, unknown = cells
    assert (plain.outputs, plain.distinct, plain.usable, plain.clean) == (2, 1, 2, None)
    assert (parallel.unparsable, parallel.leaked, parallel.unparsable_stripped, parallel.duplicate) == (1, 1, 0, 1)
    assert parallel.seconds == 4.0
    assert parallel.published == PUBLISHED["dashboard", "parallel"]
    assert unknown.published is None
    everything = total(cells, "parallel")
    assert everything
    assert (everything.outputs, everything.usable) == (4, 1)
    assert total(cells, "other") is None
    assert seen[-1][0] == seen[-1][1] == 4


def said(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["evaluate", "rescore", *words])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_a_table_or_one_document(tmp_path: Path) -> None:
    stored(tmp_path / "results", GOOD, LEAKED)
    code, text, _ = said("codecrdt", str(tmp_path), "--no-types")
    assert code == 0
    assert "dashboard" in text
    assert "37,922" in text
    code, text, _ = said("codecrdt", str(tmp_path), "--no-types", "--json")
    found = json.loads(text)
    assert code == 0
    assert found["cells"][0]["leaked"] == 1
    assert found["cells"][0]["published"]["score"] == 53.64
    assert found["compiler"] == []


def test_what_is_not_there_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, words = said("codecrdt", str(tmp_path / "none"))
    assert (code, "There is no" in words) == (2, True)
    code, _, words = said("codecrdt", str(tmp_path), "--no-types")
    assert (code, "holds no stored outputs" in words) == (2, True)
    (tmp_path / "x_parallel_run001.json").write_text("{}")
    code, _, words = said("codecrdt", str(tmp_path), "--no-types")
    assert (code, "is no stored output" in words) == (2, True)
    code, _, words = said("another", str(tmp_path))
    assert (code, "codecrdt" in words) == (2, True)
    (tmp_path / "x_parallel_run001.json").unlink()
    stored(tmp_path / "results", GOOD)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, words = said("codecrdt", str(tmp_path))
    assert (code, "--no-types" in words) == (2, True)
    with pytest.raises(NoCompilerError, match="which is not installed"):
        compiler()


def test_a_folder_without_outputs_is_refused_before_a_compiler_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coroom.cli.evaluate_rescore.compiler", lambda _: pytest.fail("a compiler was asked for"))
    code, _, told = said("codecrdt", str(tmp_path))
    assert code == 2
    assert "holds no stored outputs" in told
