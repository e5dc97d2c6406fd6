"""Which tasks run side by side, which in order, under which policy and with how many agents; and why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coroom.plan.coupling import Pair
from coroom.plan.task import TaskFootprint

GAIN_MIN = 0.03
"""Another agent is worth its start, its tokens and its merges only when it shortens the work by this share."""

START_SHARE = 0.001
"""What it costs to bring a further agent up, as a share of the longest task."""

WIDE_FILES = 20
"""A task that changes so many files breaks the program for the others while it is at it."""

AGENTS_MAX = 32
"""More than anybody has shown to be of use at once."""


class CycleError(ValueError):
    """Tasks wait for one another in a circle; `tasks` are those on it, in order."""

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__(" after ".join((*tasks, tasks[0])))
        self.tasks = tuple(tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A task that begins only when one of another lane is done."""

    task: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How the tasks are to be done.

    Lanes run side by side, a lane in order; `groups` are the tasks that are coupled, each in order and in one lane;
    `waits` are what binds lanes to one another. `seconds` is how long it
    should take, `serial_seconds` how long one agent would need, `bound_seconds` what no number of agents can go below.
    """

    policy: str
    lanes: tuple[tuple[str, ...], ...]
    groups: tuple[tuple[str, ...], ...]
    waits: tuple[Wait, ...]
    seconds: float
    serial_seconds: float
    bound_seconds: float
    reasons: tuple[str, ...]

    @property
    def agents(self) -> int:
        """How many agents it takes: one for each lane."""
        return len(self.lanes)


def route(
    footprints: Sequence[TaskFootprint],
    pairs: Sequence[Pair],
    seconds_of: Callable[[TaskFootprint], float],
    agents_max: int | None = None,
) -> Route:
    """Lanes for these tasks.

    Tasks that are coupled share a lane, so that nothing they both need is changed under one of them. With as many
    agents as lanes would be idle in part, lanes are put one behind the other.

    Args:
        footprints: of all tasks, in the order given.
        pairs: of every two of them, how much they are coupled.
        seconds_of: how long a task is thought to take.
        agents_max: no more agents than this; None for as many as the work has room for.

    Raises:
        CycleError: tasks wait for one another in a circle.
    """
    tasks = [each.task.id for each in footprints]
    before = _before(footprints, pairs)
    order = _ordered(tasks, before)
    lengths = {each.task.id: max(seconds_of(each), 0.001) for each in footprints}
    groups = _groups(order, [pair for pair in pairs if pair.coupled])
    after = {each.task.id: each.task.after for each in footprints}
    work = _Work(order, groups, after, lengths)
    width = min(len(groups), agents_max or AGENTS_MAX)
    best = work.packed(1)
    serial = sum(lengths.values())
    for count in range(2, width + 1):
        tried = work.packed(count)
        cost = (count - 1) * START_SHARE * max(lengths.values())
        if tried.seconds + cost < best.seconds * (1 - GAIN_MIN):
            best = tried
    lanes = tuple(tuple(lane) for lane in best.lanes if lane)
    waits = tuple(_waits(lanes, after))
    policy, why = _policy(lanes, waits, footprints, pairs)
    return Route(
        policy=policy,
        lanes=lanes,
        groups=tuple(tuple(group) for group in groups),
        waits=waits,
        seconds=best.seconds,
        serial_seconds=serial,
        bound_seconds=max(work.rests().values(), default=0.0),
        reasons=(*_count_reasons(len(tasks), groups, len(lanes), agents_max), why),
    )


def _before(footprints: Sequence[TaskFootprint], pairs: Sequence[Pair]) -> dict[str, set[str]]:
    """For each task those that go first: what it is declared to be after, then what defines what it uses."""
    found = {each.task.id: set(each.task.after) for each in footprints}
    for name in found:
        found[name] &= found.keys()
    _ordered(list(found), found)
    for pair in sorted(pairs, key=lambda each: -each.score):
        first, second = pair.first, pair.b if pair.first == pair.a else pair.a
        if pair.coupled and first and not _reaches(found, first, second):
            found[second].add(first)
    return found


def _reaches(before: Mapping[str, set[str]], task: str, wanted: str) -> bool:
    """Whether `task` comes, through others or not, after `wanted`."""
    seen, stack = set[str](), [task]
    while stack:
        one = stack.pop()
        if one == wanted:
            return True
        if one not in seen:
            seen.add(one)
            stack.extend(before[one])
    return False


def _ordered(tasks: Sequence[str], before: Mapping[str, Iterable[str]]) -> list[str]:
    """The tasks so that each comes after those before it, otherwise as given."""
    left, done = list(tasks), list[str]()
    while left:
        ready = next((task for task in left if all(one in done or one not in left for one in before[task])), None)
        if ready is None:
            raise CycleError(_circle(left, before))
        left.remove(ready)
        done.append(ready)
    return done


def _circle(left: Sequence[str], before: Mapping[str, Iterable[str]]) -> list[str]:
    way = [left[0]]
    while True:
        following = next(one for one in before[way[-1]] if one in left)
        if following in way:
            return way[way.index(following) :]
        way.append(following)


def _groups(order: Sequence[str], coupled: Sequence[Pair]) -> list[list[str]]:
    """Tasks that are coupled, directly or through others, together and in order."""
    leader = {task: task for task in order}

    def of(task: str) -> str:
        while leader[task] != task:
            task = leader[task]
        return task

    for pair in coupled:
        leader[of(pair.a)] = of(pair.b)
    found: dict[str, list[str]] = {}
    for task in order:
        found.setdefault(of(task), []).append(task)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Packed:
    lanes: list[list[str]]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Work:
    """The tasks in an order that keeps every dependency, the groups they are bound into, and how long they take."""

    order: Sequence[str]
    groups: Sequence[Sequence[str]]
    after: Mapping[str, Sequence[str]]
    lengths: Mapping[str, float]

    def rests(self) -> dict[str, float]:
        """For each task, how long it takes from its start to the end of all that must follow it."""
        followers: dict[str, list[str]] = {task: [] for task in self.order}
        for group in self.groups:
            for task, following in pairwise(group):
                followers[task].append(following)
        for task in self.order:
            for one in self.after[task]:
                if one in followers:
                    followers[one].append(task)
        found: dict[str, float] = {}
        for task in reversed(self.order):
            found[task] = self.lengths[task] + max((found[one] for one in followers[task]), default=0.0)
        return found

    def packed(self, count: int) -> _Packed:
        """The groups in that many lanes: always the task that can begin soonest, then the one with most behind it.

        The first task of the order that is left never waits for one that is left, so there is always one to take.
        """
        rests = self.rests()
        home = {task: number for number, group in enumerate(self.groups) for task in group}
        left = [list(group) for group in self.groups]
        lane_of: dict[int, int] = {}
        lanes: list[list[str]] = [[] for _ in range(count)]
        free = [0.0] * count
        done: dict[str, float] = {}
        while any(left):
            choices = []
            for task in (group[0] for group in left if group):
                needs = [one for one in self.after[task] if one in home]
                if any(one not in done for one in needs):
                    continue
                own = lane_of.get(home[task])
                # Rather the lane that has just made what the task waits for, else the one that is free first.
                follows = [lane for lane in range(count) if lanes[lane] and lanes[lane][-1] in needs]
                for lane in (*follows, free.index(min(free))) if own is None else (own,):
                    start = max([free[lane], *(done[one] for one in needs)])
                    choices.append((start, -rests[task], lane not in follows, lane, task))
            start, _, _, lane, task = min(choices)
            lane_of[home[task]] = lane
            left[home[task]].pop(0)
            lanes[lane].append(task)
            free[lane] = done[task] = start + self.lengths[task]
        return _Packed(lanes, max(done.values(), default=0.0))


def _waits(lanes: Sequence[Sequence[str]], after: Mapping[str, Sequence[str]]) -> Iterable[Wait]:
    lane_of = {task: number for number, lane in enumerate(lanes) for task in lane}
    for lane in lanes:
        for task in lane:
            for one in after[task]:
                if one in lane_of and lane_of[one] != lane_of[task]:
                    yield Wait(task=task, after=one)


def _policy(
    lanes: Sequence[Sequence[str]],
    waits: Sequence[Wait],
    footprints: Sequence[TaskFootprint],
    pairs: Sequence[Pair],
) -> tuple[str, str]:
    if len(lanes) <= 1:
        return "serial", "Policy serial: one agent does it all, so nobody is in anybody's way."
    lane_of = {task: number for number, lane in enumerate(lanes) for task in lane}
    wide = next((each.task.id for each in footprints if len(each.paths) >= WIDE_FILES), None)
    if wide is not None:
        why = f"{wide} changes so many files that the others would see it half done; lanes meet on landing."
        return "isolated", f"Policy isolated: {why}"
    bound = next((pair for pair in pairs if pair.first and lane_of[pair.a] != lane_of[pair.b] and pair.uses), None)
    if waits or bound is not None:
        why = f"{waits[0].task} comes after {waits[0].after}" if waits else ""
        if bound is not None and not why:
            why = f"{bound.b if bound.first == bound.a else bound.a} uses what {bound.first} changes"
        return "preorder", f"Policy preorder: {why}, so later lanes see earlier ones and never the other way round."
    return "open", "Policy open: the lanes touch different things, so everybody sees every change at once."


def _count_reasons(tasks: int, groups: Sequence[Sequence[str]], lanes: int, agents_max: int | None) -> Iterable[str]:
    together = [group for group in groups if len(group) > 1]
    if together:
        yield "In order, because they are coupled: " + "; ".join(" then ".join(group) for group in together) + "."
    if lanes == 1 and len(groups) > 1 and agents_max != 1:
        yield f"One agent: more of them would not finish {tasks} tasks noticeably sooner."
    elif lanes == 1:
        yield "One agent: " + ("all tasks are coupled." if tasks > 1 and agents_max != 1 else "no more are asked for.")
    elif lanes < len(groups) and agents_max == lanes:
        yield f"{lanes} agents, as asked: the work has {len(groups)} independent parts."
    elif lanes < len(groups):
        yield f"{lanes} agents do {len(groups)} independent parts: one more would not finish noticeably sooner."
    else:
        yield f"{lanes} agents: the work falls into {len(groups)} independent parts."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
