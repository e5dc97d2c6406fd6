"""Tasks of an office about meetings: one that everybody moves, and a day on which some come and some go."""

from collections.abc import Sequence

from coroom.evaluate.live.rows import added, dropped, read, rows_of, spoilt, state_of
from coroom.evaluate.live.task import Due, Invariant, Job, Known, LiveTask, State, Step, WrongEnd, listed, numbered

_FRIDAY = (9, 10, 11)
_HOURS = range(9, 9 + 24)


def _push_back(agents: int) -> tuple[Job, ...]:
    def later(known: Known) -> Due:
        found = listed(known, "standup")
        if not found:
            return None
        return "update", {"table": "meetings", "where": {"id": "standup"}, "set": {"hour": found[0]["hour"] + 15}}

    words = "In the table meetings the row standup has an hour: make it 15 more than it is."
    return tuple(
        numbered(n, words, read("standup", "meetings", id="standup"), Step("later", later)) for n in range(agents)
    )


PUSH_BACK = LiveTask(
    id="push-back",
    title="Everybody pushes the same meeting back",
    anomaly="lost update",
    world="office",
    start=lambda _: state_of(meetings=[{"id": "standup", "day": "today", "hour": 540}]),
    jobs=_push_back,
    invariants=(
        Invariant(
            name="each quarter of an hour counts",
            holds=lambda start, end, jobs: (
                end["rows"]["meetings"]["standup"]["hour"]
                == start["rows"]["meetings"]["standup"]["hour"] + 15 * len(jobs)
            ),
        ),
    ),
    wrong=(
        WrongEnd(why="one push is lost", spoil=spoilt("meetings", lambda _: True, hour=555)),
        WrongEnd(why="one push counts twice", spoil=spoilt("meetings", lambda _: True, hour=585 + 15 * 14)),
        WrongEnd(why="another day", spoil=spoilt("meetings", lambda _: True, day="tomorrow")),
    ),
)


def _cancel(agents: int) -> tuple[Job, ...]:
    def job(number: int) -> Job:
        if number % 2 == 0:

            def drop(at: int) -> Step:
                def due(known: Known) -> Due:
                    found = [row for row in listed(known, "friday") if row["id"].startswith("old")]
                    return (
                        ("delete", {"table": "meetings", "where": {"id": found[at]["id"]}}) if at < len(found) else None
                    )

                return Step(f"cancel-{at}", due)

            steps = (read("friday", "meetings", day="friday"), *(drop(at) for at in range(len(_FRIDAY))))
            return numbered(
                number, "Delete the rows of the table meetings with day friday whose id begins with old.", *steps
            )

        def hold(known: Known) -> Due:
            if "friday" not in known:
                return None
            used = {row["hour"] for row in listed(known, "friday")}
            hour = next(hour for hour in _HOURS if hour not in used)
            values = {"id": f"new-{number:02d}", "day": "friday", "hour": hour}
            return "insert", {"table": "meetings", "values": values}

        words = (
            f"Insert a meeting into the table meetings: id new-{number:02d}, day friday, and as hour the smallest "
            "number from 9 on that no other meeting of friday has."
        )
        return numbered(number, words, read("friday", "meetings", day="friday"), Step("hold", hold))

    return tuple(job(n) for n in range(agents))


def _no_clash(_start: State, end: State, jobs: Sequence[Job]) -> bool:
    hours = [row["hour"] for row in rows_of(end, "meetings")]
    made = sum(key.startswith("new") for key in end["rows"]["meetings"])
    left = any(key.startswith("old") for key in end["rows"]["meetings"])
    return len(hours) == len(set(hours)) and made == len(jobs) // 2 and not left


CANCEL = LiveTask(
    id="cancel",
    title="Friday is cancelled while others look for a free hour on it",
    anomaly="phantom",
    world="office",
    start=lambda _: state_of(meetings=[{"id": f"old-{hour}", "day": "friday", "hour": hour} for hour in _FRIDAY]),
    jobs=_cancel,
    invariants=(Invariant(name="no two meetings at one hour, the old ones gone", holds=_no_clash),),
    wrong=(
        WrongEnd(
            why="an old one is still there",
            spoil=lambda end: added(end, "meetings", id="old-9", day="friday", hour=33),
        ),
        WrongEnd(why="a hole nobody left", spoil=spoilt("meetings", lambda _: True, hour=40)),
        WrongEnd(why="a new one is missing", spoil=lambda end: dropped(end, "meetings", "new-01")),
    ),
)
