"""scripts/setup.sh where something comes between: with a Python that only notes what it is called for."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "setup.sh"

PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p .venv/bin && cp "$0" .venv/bin/python && touch .venv/has-pip
  exit
fi
case "$*" in
  "-c "*pip*) [ -e .venv/has-pip ] || exit 1 ;;
  *"config list") cat said ;;
  *"pip "*) echo "$*" >> asked; sh ./at-install ;;
esac
"""

UV = """printf '#!/bin/sh\\necho "$*" >> by-uv\\n' > .venv/bin/uv; chmod +x .venv/bin/uv
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a space in its path, whose own Python does nothing."""
    place = tmp_path / "a checkout"
    for name in ("scripts", "requirements"):
        (place / name).mkdir(parents=True)
    shutil.copy(SCRIPT, place / "scripts")
    for name in ("requirements/run.lock", "requirements/dev.lock", "requirements/sdk.lock", "pyproject.toml"):
        (place / name).write_text("")
    for name, text in {"python": PYTHON, "said": "", "asked": "", "at-install": ""}.items():
        (place / name).write_text(text)
    (place / "python").chmod(0o755)
    return place


def set_up(place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(place / "scripts" / "setup.sh")],
        env={key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        | {"PYTHON": str(place / "python")}
        | environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )


def stamps(place: Path) -> list[str]:
    return [found.name for found in (place / ".venv").glob(".coroom-*")]


def test_the_second_call_does_nothing(checkout: Path) -> None:
    assert set_up(checkout).returncode == 0
    (stamp,) = stamps(checkout)
    assert stamp.startswith(".coroom-run-")
    asked = (checkout / "asked").read_text()
    assert (set_up(checkout).returncode, (checkout / "asked").read_text()) == (0, asked)


def test_ctrl_c_ends_it_and_pip_does_not_begin_where_uv_was_ended(checkout: Path) -> None:
    (checkout / "at-install").write_text("kill -INT 0; exit 1\n")
    done = set_up(checkout)
    assert (done.returncode, len((checkout / "asked").read_text().splitlines())) == (130, 1)
    assert "pip does it" not in done.stderr


def test_what_an_interrupted_call_has_left_is_made_anew(checkout: Path) -> None:
    (checkout / "at-install").write_text("touch .venv/half-a-package; kill -KILL 0\n")
    assert set_up(checkout).returncode == -signal.SIGKILL
    (checkout / "at-install").write_text("")
    assert set_up(checkout).returncode == 0
    assert not (checkout / ".venv" / "half-a-package").exists()


def test_a_venv_that_has_no_pip_yet_is_made_anew(checkout: Path) -> None:
    assert set_up(checkout).returncode == 0
    (stamp,) = stamps(checkout)
    (checkout / ".venv" / stamp).unlink()
    (checkout / ".venv" / "has-pip").unlink()
    assert set_up(checkout).returncode == 0
    assert (checkout / ".venv" / "has-pip").exists()


def test_what_fails_in_order_is_not_thrown_away(checkout: Path) -> None:
    (checkout / "at-install").write_text("touch .venv/kept; exit 3\n")
    assert set_up(checkout).returncode == 3
    assert stamps(checkout) == []
    (checkout / "at-install").write_text("")
    assert set_up(checkout).returncode == 0
    assert (checkout / ".venv" / "kept").exists()


@pytest.mark.parametrize("said", ["global.no-index='true'\n", ":env:.no-index='1'\n"])
def test_where_pip_may_ask_no_index_uv_asks_none(checkout: Path, said: str) -> None:
    (checkout / "said").write_text(said)
    (checkout / "at-install").write_text(UV)
    assert set_up(checkout).returncode == 0
    assert not (checkout / "by-uv").exists()


@pytest.mark.parametrize(
    ("environment", "index"),
    [({}, "http://of-a-file/"), ({"PIP_INDEX_URL": "http://of-the-call/"}, "http://of-the-call/")],
)
def test_uv_asks_the_index_that_pip_would(checkout: Path, environment: dict[str, str], index: str) -> None:
    (checkout / "said").write_text(":env:.index-url='http://of-the-call/'\n" * len(environment))
    with (checkout / "said").open("a") as said:
        said.write("global.index-url='http://of-a-file/'\n")
    (checkout / "at-install").write_text(UV)
    assert set_up(checkout, **environment).returncode == 0
    assert f"--default-index {index} " in (checkout / "by-uv").read_text()
