"""What long work says of itself."""

import pytest

from coroom.cli import progress


def test_where_nobody_sees_a_bar_lines_say_how_far_the_work_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = iter([0.0, 10.0, 31.0, 31.0, 40.0, 70.0, 70.0])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds, 70.0))
    with progress.counted("trials") as told:
        for done in (100, 200, 300, 400):
            told(done, 400)
    shown = capsys.readouterr()
    assert shown.err.splitlines() == ["200 of 400 trials", "400 of 400 trials"]
    assert not shown.out
