"""`coroom merge` keeps its contract: keys, exit codes, markers, and service as a git merge driver."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coroom.cli import main

BASE = "import os\n\n\ndef parse(x):\n    return x\n"
END = "\n\ndef more():\n    return 1\n"
KEYS = {"status", "layer", "text", "conflicts", "findings"}


def call(folder: Path, base: str, ours: str, theirs: str, *options: str) -> Result:
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_bytes(text.encode())
    paths = [str(folder / name) for name in ("base", "ours", "theirs")]
    return CliRunner().invoke(main, ["merge", *paths, "--path", "a.py", *options])


def test_a_clean_merge_prints_one_document_and_exits_0(tmp_path: Path) -> None:
    done = call(tmp_path, BASE, BASE.replace("import os", "import re"), BASE + END, "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["status"], document["layer"]) == (0, "clean", "line")
    assert document.keys() >= KEYS
    assert document["text"] == BASE.replace("import os", "import re") + END
    assert done.stderr == ""


def test_a_held_merge_exits_1_with_ours_as_text_and_the_reason(tmp_path: Path) -> None:
    ours = BASE.replace("return x", "return x + 1")
    done = call(tmp_path, BASE, ours, BASE.replace("return x", "return x + 2"), "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["status"], document["text"]) == (1, "held", ours)
    (conflict,) = document["conflicts"]
    assert conflict.keys() >= {"start", "end", "base", "ours", "theirs", "reason"}
    assert conflict["reason"] == "both rewrote parse()"


def test_a_doubtful_merge_exits_1_with_its_findings(tmp_path: Path) -> None:
    ours = BASE.replace("parse(x)", "parse(x, y)")
    done = call(tmp_path, BASE, ours, BASE + "\n\nvalue = parse(1)\n", "--json")
    document = json.loads(done.stdout)
    (finding,) = document["findings"]
    assert (done.exit_code, document["status"]) == (1, "clean")
    assert (finding["kind"], finding["line"], finding["symbol"]) == ("stale-call", 8, "parse")


def test_output_gets_the_merge_or_the_markers(tmp_path: Path) -> None:
    target = tmp_path / "out.py"
    call(tmp_path, BASE, BASE.replace("os", "re"), BASE + END, "--output", str(target))
    assert target.read_text() == BASE.replace("os", "re") + END
    done = call(tmp_path, "a\n", "b\n", "c\n", "--output", str(target))
    assert (done.exit_code, done.stdout) == (1, "")
    assert target.read_text() == "<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n"


def test_without_output_the_text_itself_is_printed(tmp_path: Path) -> None:
    done = call(tmp_path, BASE, BASE.replace("os", "re"), BASE + END)
    assert done.stdout_bytes == (BASE.replace("os", "re") + END).encode()


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["merge", str(tmp_path / "gone"), "x", "y"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("coroom merge: cannot read ")
    assert done.stderr.count("\n") == 1


def test_an_output_that_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    done = call(tmp_path, "a\n", "a\n", "b\n", "--output", str(tmp_path / "no" / "out"))
    assert done.exit_code == 2
    assert "cannot write" in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["base", "ours", "theirs"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    driver = f"{sys.executable} -m coroom.cli merge %O %A %B --path %P --output %A"
    git(tmp_path, "config", "merge.coroom.driver", driver)
    (tmp_path / ".gitattributes").write_text("*.py merge=coroom\n")
    (tmp_path / "a.py").write_text(BASE)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "base")
    return tmp_path


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def merge_branches(folder: Path, ours: str, theirs: str) -> subprocess.CompletedProcess[str]:
    git(folder, "checkout", "-qb", "side")
    (folder / "a.py").write_text(theirs)
    git(folder, "commit", "-qam", "theirs")
    git(folder, "checkout", "-q", "main")
    (folder / "a.py").write_text(ours)
    git(folder, "commit", "-qam", "ours")
    return git(folder, "merge", "--no-edit", "side")


def test_git_merges_through_the_driver_what_it_cannot_merge_alone(repository: Path) -> None:
    done = merge_branches(repository, BASE + END, BASE + END.replace("more", "other"))
    assert done.returncode == 0, done.stderr
    assert (repository / "a.py").read_text() == BASE + END + END.replace("more", "other")


def test_git_is_left_with_markers_where_the_driver_holds(repository: Path) -> None:
    done = merge_branches(repository, BASE.replace("return x", "return 1"), BASE.replace("return x", "return 2"))
    assert done.returncode == 1
    assert "<<<<<<<" in (repository / "a.py").read_text()
    assert git(repository, "diff", "--name-only", "--diff-filter=U").stdout.split() == ["a.py"]
