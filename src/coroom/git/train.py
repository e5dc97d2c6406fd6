"""The speculative train: which candidates are tested now, and what a verdict means. Pure: no git, clock or processes.

Each car holds one change or several and stands on the cars before it; as many are tested at once as there are
runners. A car that passed lands when all before it have. A failure counts only where the car was tested on what main
is; then the car leaves the train, so that nobody stands on it, and its halves, or the one change once more, are
tested on a siding: on main alone. What fails there alone a second time is given back; what passes goes on with the
next car.
"""

from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

FAILURE_AT_FIRST = 0.1
"""The share of failing changes that is assumed before any was seen."""

FAILURE_WEIGHT = 0.03
"""How much one change moves the observed share: about the last thirty count."""

BATCH_MAX = 8

BATCH_FACTOR = {1: 0.4, 2: 0.3}
"""Changes in a car times the share of failing ones, by runners; more runners want smaller cars."""

BATCH_FACTOR_MANY = 0.2


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that are tested together. `suspect`: it is one change, which has failed alone once."""

    changes: tuple[str, ...]
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Car:
    """A group under test. `run` names one test of it on exactly what it stands on; `passed` is None while it runs."""

    run: int
    group: Group
    passed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """The cars, first to land first, and who waits, oldest first.

    What has failed is tested again on a `siding`: on main as it is, with nothing standing on it; `questioned` wait
    for a place there. `deferred` conflict with a car and not with main. `base` says whether main itself passes; None
    while nobody knows.
    """

    runners: int
    cars: tuple[Car, ...] = ()
    siding: tuple[Car, ...] = ()
    waiting: tuple[Group, ...] = ()
    questioned: tuple[Group, ...] = ()
    deferred: tuple[Group, ...] = ()
    failure: float = FAILURE_AT_FIRST
    runs: int = 0
    base: bool | None = None

    @property
    def batch(self) -> int:
        """How many changes a new car takes."""
        factor = BATCH_FACTOR.get(self.runners, BATCH_FACTOR_MANY)
        return max(1, min(BATCH_MAX, round(factor / max(self.failure, 0.001))))

    @property
    def running(self) -> tuple[Car, ...]:
        """The cars that need a runner."""
        return (*self.siding, *(car for car in self.cars if car.passed is None))

    @property
    def changes(self) -> tuple[str, ...]:
        """Every change that is in the train or waits for it."""
        groups = [*(car.group for car in (*self.cars, *self.siding)), *self.waiting, *self.questioned, *self.deferred]
        return tuple(change for group in groups for change in group.changes)

    def before(self, run: int) -> tuple[Car, ...]:
        """The cars that the one with this run stands on; failed ones are passed over, and a siding has none."""
        place = next((number for number, car in enumerate(self.cars) if car.run == run), 0)
        return tuple(car for car in self.cars[:place] if car.passed is not False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What follows from a verdict: the train afterwards; the cars that land, in order; the changes that are given
    back to their authors; whether main itself must be tested before anything more is blamed.
    """

    train: Train
    landed: tuple[Car, ...] = ()
    returned: tuple[str, ...] = ()
    ask_base: bool = False


def arrive(train: Train, changes: Collection[str]) -> Train:
    """Further changes wait, in this order; those that are known already stay where they are."""
    known = set(train.changes)
    fresh = tuple(Group((change,)) for change in changes if change not in known)
    return replace(train, waiting=(*train.waiting, *fresh))


def fill(train: Train) -> Train:
    """Give every runner something: the siding first, but for one runner while few wait for it; then who waits
    longest, in new cars. On a red main one change at a time is tested: it lands if it mends that.
    """
    if train.base is False:
        return _filled_on_red(train)
    kept_free = 1 if train.runners > 1 and len(train.questioned) <= train.runners else 0
    while train.questioned and len(train.siding) < train.runners - kept_free and _has_runner(train):
        first, *rest = train.questioned
        train = replace(train, questioned=tuple(rest), runs=train.runs + 1)
        train = replace(train, siding=(*train.siding, Car(train.runs, first)))
    while train.waiting and _has_runner(train):
        taken = train.waiting[: train.batch]
        group = Group(tuple(change for one in taken for change in one.changes))
        train = replace(train, waiting=train.waiting[len(taken) :], runs=train.runs + 1)
        train = replace(train, cars=(*train.cars, Car(train.runs, group)))
    return train


def judge(train: Train, run: int, *, passed: bool) -> Step:
    """What the verdict of one run means. One that is no longer in the train, or is judged already, means nothing."""
    aside = next((car for car in train.siding if car.run == run), None)
    if aside:
        return _questioned(train, aside, passed=passed)
    place = next((n for n, car in enumerate(train.cars) if car.run == run and car.passed is None), None)
    if place is None:
        return Step(train=train)
    cars = list(train.cars)
    cars[place] = replace(cars[place], passed=passed)
    train = replace(train, cars=tuple(cars))
    return _settled(train if passed else _restarted(train, place + 1))


def withdraw(train: Train, changes: Collection[str]) -> Train:
    """Take changes out: they conflict with main, their claim is lost, or their author wants them back. Who stood on
    them is tested anew.
    """
    return _returning(_without(train, set(changes)))


def defer(train: Train, change: str) -> Train:
    """Put a change aside that conflicts with one before it; it comes back when something has landed or left."""
    train = _without(train, {change})
    return replace(train, deferred=(*train.deferred, Group((change,))))


def take_back(train: Train, cars: Iterable[Car]) -> Train:
    """Cars that were to land could not be published: their changes come first again."""
    singles = tuple(single for car in cars for single in _singles(car.group))
    return _restarted(replace(train, waiting=(*singles, *train.waiting)), 0)


def moved(train: Train) -> Train:
    """Main stands where the train did not put it: every car is tested anew, and whether main passes is not known."""
    return _returning(_restarted(replace(train, base=None), 0))


def base_is(train: Train, *, green: bool) -> Train:
    """Main itself was tested. On a red one nobody is blamed: all wait until a change has landed that mends it."""
    if green:
        return replace(train, base=True)
    groups = [*(car.group for car in (*train.siding, *train.cars)), *train.questioned, *train.deferred, *train.waiting]
    waiting = tuple(single for group in groups for single in _singles(group))
    return replace(train, base=False, cars=(), siding=(), questioned=(), deferred=(), waiting=waiting)


def _filled_on_red(train: Train) -> Train:
    if train.cars or not train.waiting:
        return train
    first, *rest = [single for group in train.waiting for single in _singles(group)]
    runs = train.runs + 1
    return replace(train, waiting=tuple(rest), cars=(Car(runs, first),), runs=runs)


def _without(train: Train, gone: AbstractSet[str]) -> Train:
    def left_of(groups: Iterable[Group]) -> tuple[Group, ...]:
        left = (replace(g, changes=tuple(c for c in g.changes if c not in gone)) for g in groups)
        return tuple(group for group in left if group.changes)

    first = next((n for n, car in enumerate(train.cars) if gone & set(car.group.changes)), None)
    aside = [car for car in train.siding if gone & set(car.group.changes)]
    train = replace(
        train,
        waiting=left_of(train.waiting),
        questioned=(*left_of(car.group for car in aside), *left_of(train.questioned)),
        deferred=left_of(train.deferred),
        siding=tuple(car for car in train.siding if car not in aside),
    )
    if first is None:
        return train
    kept = tuple(replace(car, group=group) for car in train.cars for group in left_of((car.group,)))
    return _restarted(replace(train, cars=kept), first)


def _has_runner(train: Train) -> bool:
    return len(train.running) < train.runners


def _singles(group: Group) -> list[Group]:
    return [Group((change,)) for change in group.changes]


def _restarted(train: Train, place: int) -> Train:
    """Every car from `place` on stands on something else now. Those that had failed there go back unblamed."""
    kept, back = list(train.cars[:place]), list[Group]()
    runs = train.runs
    for car in train.cars[place:]:
        if car.passed is False:
            back += _singles(car.group)
        else:
            runs += 1
            kept.append(Car(runs, car.group))
    return replace(train, cars=tuple(kept), waiting=(*back, *train.waiting), runs=runs)


def _settled(train: Train) -> Step:
    """Land what passed at the head; what failed there, on main as it is, is questioned."""
    landed: list[Car] = []
    ask_base = False
    while train.cars and train.cars[0].passed is not None:
        head = train.cars[0]
        train = replace(train, cars=train.cars[1:])
        if head.passed:
            landed.append(head)
            train = replace(train, failure=_seen(train.failure, len(head.group.changes), 0), base=True)
            continue
        if train.base is False:
            train = replace(train, deferred=(*train.deferred, head.group))
            continue
        ask_base = train.base is None
        train = replace(train, questioned=(*train.questioned, *_parts(head.group)))
        train = _returning(train)
    return Step(train=_returning(train) if landed else train, landed=tuple(landed), ask_base=ask_base)


def _questioned(train: Train, car: Car, *, passed: bool) -> Step:
    train = replace(train, siding=tuple(one for one in train.siding if one != car))
    if passed:
        return Step(train=replace(train, waiting=(*_singles(car.group), *train.waiting), base=True))
    if train.base is None:
        return Step(train=replace(train, questioned=(car.group, *train.questioned)), ask_base=True)
    if car.group.suspect:
        return Step(train=replace(train, failure=_seen(train.failure, 0, 1)), returned=car.group.changes)
    return Step(train=replace(train, questioned=(*train.questioned, *_parts(car.group))))


def _parts(group: Group) -> list[Group]:
    """A failed group is asked again in halves, a failed change once more."""
    if len(group.changes) == 1:
        return [replace(group, suspect=True)]
    half = (len(group.changes) + 1) // 2
    return [Group(group.changes[:half]), Group(group.changes[half:])]


def _returning(train: Train) -> Train:
    return replace(train, waiting=(*train.deferred, *train.waiting), deferred=())


def _seen(failure: float, good: int, bad: int) -> float:
    for value in (*([0.0] * good), *([1.0] * bad)):
        failure += FAILURE_WEIGHT * (value - failure)
    return failure
