"""What the logs of a repository's rooms say of how long tasks took."""

from pathlib import Path

from coroom.core import command as c
from coroom.core.agent import HOST, OPERATOR
from coroom.core.resource import file
from coroom.host.host import Host
from coroom.host.plans.tasks_done import SECONDS_MIN, tasks_done
from coroom.log.sqlite import SqliteLog


class Turned:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms


async def test_a_tasks_time_is_from_its_last_taking_to_its_end(tmp_path: Path) -> None:
    clock = Turned()
    (tmp_path / "main").mkdir()
    host = await Host.open(SqliteLog(tmp_path / "main" / "room.sqlite3"), clock)
    await host.submit(OPERATOR, c.OpenRoom(room="r", policy="open"))
    await host.submit(HOST, c.Join(agent="ada", secret_hash="0" * 64))
    for title, first, second in (("Mend the lexer", 40, 90), ("Tick a box", 40, SECONDS_MIN - 1)):
        await host.submit(OPERATOR, c.PostTask(title=title, touches=(file("a.py"), file("b.py"))))
        await host.submit("ada", c.TakeTask())
        clock.ms += int(first * 1_000)
        await host.submit("ada", c.ReturnTask("later"))
        await host.submit("ada", c.TakeTask())
        clock.ms += int(second * 1_000)
        await host.submit("ada", c.FinishTask())
    await host.close()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "room.sqlite3").write_bytes(b"no log at all")
    assert [(each.title, each.touches, each.seconds) for each in tasks_done(tmp_path)] == [("Mend the lexer", 2, 90.0)]


def test_where_there_was_no_room_there_is_nothing_to_learn(tmp_path: Path) -> None:
    assert tasks_done(tmp_path / "nowhere") == []
