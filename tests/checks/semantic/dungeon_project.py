"""A dungeon of records and listeners without a type said, a greenhouse with some, a chess club with all; lifts."""

DUNGEON = {
    "beings.py": """\
import itertools
from bus import send

_ids = itertools.count(1)
CALM, WARY, ANGRY = 0, 1, 2


class Gone(LookupError):
    pass


class World:
    def __init__(self, grid):
        self.grid = grid
        self.beings = {}

    def spawn(self, kind, pos, **parts):
        key = next(_ids)
        self.beings[key] = {"id": key, "kind": kind, "pos": pos, "hp": 10, "bag": [], **parts}
        return key

    def get(self, key):
        try:
            return self.beings[key]
        except KeyError:
            raise Gone(key) from None

    def having(self, *parts):
        for being in self.beings.values():
            if all(part in being for part in parts):
                yield being

    def here(self, pos):
        return [b for b in self.beings.values() if b["pos"] == pos]

    def hurt(self, key, amount):
        being = self.get(key)
        being["hp"] -= amount
        if being["hp"] <= 0:
            del self.beings[key]
            send("death", being=being)
        return being["hp"]
""",
    "bus.py": """\
_handlers = {}


def on(topic):
    def keep(fn):
        _handlers.setdefault(topic, []).append(fn)
        return fn

    return keep


def send(topic, **facts):
    return [fn(**facts) for fn in _handlers.get(topic, [])]


def topics():
    return sorted(_handlers)
""",
    "dice.py": '''\
import re

FORM = re.compile(r"(\\d*)d(\\d+)([+-]\\d+)?")


class Dice:
    """Chance that can be told beforehand."""

    def __init__(self, seed=1):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return (self.state >> 8) % n

    def pick(self, things):
        return things[self.below(len(things))]


def parse(text):
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError("no dice: " + text)
    count, sides, plus = match.groups()
    return int(count or 1), int(sides), int(plus or 0)


def roll(dice, text):
    count, sides, plus = parse(text)
    return sum(dice.below(sides) + 1 for _ in range(count)) + plus
''',
    "grid.py": """\
from collections import deque

WALL, FLOOR, DOOR = "#", ".", "+"
STEPS = {"n": (0, -1), "s": (0, 1), "w": (-1, 0), "e": (1, 0)}


class Grid:
    def __init__(self, rows):
        self.rows = [list(row) for row in rows]

    def at(self, pos):
        x, y = pos
        if 0 <= y < len(self.rows) and 0 <= x < len(self.rows[y]):
            return self.rows[y][x]
        return WALL

    def put(self, pos, tile):
        x, y = pos
        self.rows[y][x] = tile

    def around(self, pos):
        x, y = pos
        for dx, dy in STEPS.values():
            spot = (x + dx, y + dy)
            if self.at(spot) != WALL:
                yield spot

    def path(self, start, goal):
        came = {start: None}
        queue = deque([start])
        while queue:
            spot = queue.popleft()
            if spot == goal:
                break
            for other in self.around(spot):
                if other not in came:
                    came[other] = spot
                    queue.append(other)
        if goal not in came:
            return []
        steps = []
        while goal != start:
            steps.append(goal)
            goal = came[goal]
        return steps[::-1]


def show(grid):
    return "\\n".join("".join(row) for row in grid.rows)
""",
    "loot.py": """\
from collections import namedtuple
from bus import on

Thing = namedtuple("Thing", "name weight worth")

THINGS = {
    "sword": Thing("sword", 30, 50),
    "rope": Thing("rope", 10, 5),
    "gem": Thing("gem", 1, 200),
}
DROPS = {"rat": [], "orc": ["sword"], "mage": ["gem", "rope"]}

floor = []


@on("death")
def drop(being):
    names = [t.name for t in being["bag"]] + DROPS.get(being["kind"], [])
    for name in names:
        floor.append((being["pos"], THINGS[name]))
    return len(names)


def take(being, name):
    for spot in floor:
        pos, thing = spot
        if pos == being["pos"] and thing.name == name:
            floor.remove(spot)
            being["bag"].append(thing)
            return True
    return False


def load(being):
    return sum(t.weight for t in being["bag"])


def worth(things):
    return sum(thing.worth for thing in things)
""",
    "rules.py": """\
from dice import roll
from grid import STEPS, WALL
from loot import load

MAX_LOAD = 60


class Blocked(Exception):
    pass


def move(world, key, way):
    being = world.get(key)
    dx, dy = STEPS[way]
    x, y = being["pos"]
    spot = (x + dx, y + dy)
    if world.grid.at(spot) == WALL:
        raise Blocked(way)
    if load(being) > MAX_LOAD:
        raise Blocked("overloaded")
    being["pos"] = spot
    return spot


def strike(world, dice, key, other):
    damage = roll(dice, world.get(key).get("weapon", "1d4"))
    return world.hurt(other, damage)


def turn(world, dice, plan):
    log = []
    for key, way in plan:
        try:
            log.append((key, move(world, key, way)))
        except Blocked as stop:
            log.append((key, str(stop)))
    return log
""",
    "save.py": """\
import json


def dump(world):
    return json.dumps(
        {"rows": ["".join(row) for row in world.grid.rows],
         "beings": [{**b, "bag": [t.name for t in b["bag"]]} for b in world.beings.values()]},
        sort_keys=True,
    )


def summary(world):
    kinds = {}
    for being in world.having("kind"):
        kinds[being["kind"]] = kinds.get(being["kind"], 0) + 1
    return ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
""",
}

CHESS = {
    "elo.py": """\
from __future__ import annotations
from games import Game
from players import Roster

K = 32


def expected(mine: int, theirs: int) -> float:
    return 1 / (1 + 10 ** ((theirs - mine) / 400))


def change(mine: int, theirs: int, score: float) -> int:
    return round(K * (score - expected(mine, theirs)))


def apply(roster: Roster, game: Game) -> None:
    if game.score is None:
        raise ValueError("game is still being played")
    white, black = roster.find(game.white), roster.find(game.black)
    gain = change(white.rating, black.rating, game.score)
    white.rating += gain
    black.rating -= gain
""",
    "games.py": """\
from __future__ import annotations
from dataclasses import dataclass
from typing import Optional

WIN = 1.0
DRAW = 0.5
LOSS = 0.0


@dataclass(frozen=True)
class Game:
    round: int
    white: str
    black: str
    score: Optional[float] = None

    def finished(self) -> bool:
        return self.score is not None

    def winner(self) -> Optional[str]:
        if self.score == WIN:
            return self.white
        if self.score == LOSS:
            return self.black
        return None


class Record:
    def __init__(self) -> None:
        self.games: list[Game] = []

    def add(self, game: Game) -> None:
        self.games.append(game)

    def of(self, name: str) -> list[Game]:
        return [g for g in self.games if name in (g.white, g.black)]

    def rounds(self) -> int:
        return max((g.round for g in self.games), default=0)

    def met(self, one: str, other: str) -> bool:
        return any({g.white, g.black} == {one, other} for g in self.games)
""",
    "pairing.py": """\
from __future__ import annotations
from games import Game, Record
from players import Roster
from standings import table


class OddField(Exception):
    pass


def next_round(roster: Roster, record: Record) -> list[Game]:
    if len(roster) % 2:
        raise OddField(len(roster))
    waiting = [name for name, _ in table(roster, record)]
    number = record.rounds() + 1
    games: list[Game] = []
    while waiting:
        one = waiting.pop(0)
        other = next((n for n in waiting if not record.met(one, n)), waiting[0])
        waiting.remove(other)
        games.append(Game(number, one, other))
    return games
""",
    "players.py": """\
from __future__ import annotations
from dataclasses import dataclass, field


class UnknownPlayer(Exception):
    pass


@dataclass
class Player:
    name: str
    rating: int = 1200
    club: str = ""
    colours: list[str] = field(default_factory=list)

    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split())


class Roster:
    def __init__(self) -> None:
        self._players: dict[str, Player] = {}

    def enrol(self, player: Player) -> Player:
        self._players[player.name] = player
        return player

    def find(self, name: str) -> Player:
        if name not in self._players:
            raise UnknownPlayer(name)
        return self._players[name]

    def by_rating(self) -> list[Player]:
        return sorted(self._players.values(), key=lambda p: -p.rating)

    def clubs(self) -> set[str]:
        return {p.club for p in self._players.values() if p.club}

    def __len__(self) -> int:
        return len(self._players)
""",
    "printout.py": """\
from __future__ import annotations
from games import Game, Record
from players import Roster
from standings import table

MARKS = {1.0: "1-0", 0.5: "1/2", 0.0: "0-1", None: "*"}


def pad(text: str, width: int) -> str:
    return text + " " * (width - len(text))


def line(game: Game) -> str:
    return f"{game.white} - {game.black} {MARKS[game.score]}"


def crosstable(roster: Roster, record: Record) -> str:
    out = []
    for place, (name, pts) in enumerate(table(roster, record), 1):
        out.append(f"{place}. {pad(name, 12)}{pts:g}")
    return "\\n".join(out)
""",
    "standings.py": """\
from __future__ import annotations
from games import DRAW, LOSS, WIN, Game, Record
from players import Roster


def points(record: Record, name: str) -> float:
    total = 0.0
    for game in record.of(name):
        if game.score is None:
            continue
        total += game.score if game.white == name else 1.0 - game.score
    return total


def table(roster: Roster, record: Record) -> list[tuple[str, float]]:
    rows = [(p.name, points(record, p.name)) for p in roster.by_rating()]
    return sorted(rows, key=lambda row: -row[1])


def leader(roster: Roster, record: Record) -> str:
    return table(roster, record)[0][0]


def tally(games: list[Game]) -> dict[str, int]:
    count = {"win": 0, "draw": 0, "loss": 0}
    for game in games:
        if game.score == WIN:
            count["win"] += 1
        elif game.score == DRAW:
            count["draw"] += 1
        elif game.score == LOSS:
            count["loss"] += 1
    return count
""",
}

GREENHOUSE = {
    "config.py": """\
DEFAULTS = {
    "too_dry": 30,
    "too_hot": 28,
    "unit": "C",
    "beds": ["north", "south"],
}


class BadConfig(ValueError):
    pass


def load(given=None):
    config = {**DEFAULTS, **(given or {})}
    unknown = sorted(set(config) - set(DEFAULTS))
    if unknown:
        raise BadConfig(", ".join(unknown))
    return config
""",
    "control.py": """\
from config import load
from history import History
from plan import Plan
from sensors import read_all


class Control:
    def __init__(self, sensors, config=None):
        self.sensors = list(sensors)
        self.config = load(config)
        self.history = History()
        self.plan = Plan()
        self.log = []

    def tick(self, minute):
        for name, value in read_all(self.sensors).items():
            self.history.note(name, value)
        for sensor in self.sensors:
            if sensor.kind == "moisture":
                self._water(sensor, minute)
        return self.plan.at(minute)

    def _water(self, sensor, minute):
        value = self.history.last(sensor.name)
        if value is not None and value < self.config["too_dry"]:
            self.plan.add(sensor.name, minute)
            self.log.append(("water", sensor.name))

    def hot(self):
        limit = self.config["too_hot"]
        return [s.name for s in self.sensors if s.kind == "temperature" and (self.history.last(s.name) or 0) > limit]
""",
    "history.py": '''\
from collections import defaultdict, deque
from statistics import mean


class History:
    """The last readings of each sensor."""

    def __init__(self, keep=5):
        self._kept = defaultdict(lambda: deque(maxlen=keep))

    def note(self, name, value):
        self._kept[name].append(value)

    def last(self, name):
        kept = self._kept.get(name)
        return kept[-1] if kept else None

    def average(self, name):
        return mean(self._kept[name])

    def names(self):
        return sorted(self._kept)

    def trend(self, name):
        kept = list(self._kept[name])
        if len(kept) < 2:
            return 0
        return kept[-1] - kept[0]
''',
    "plan.py": """\
from __future__ import annotations

from typing import NamedTuple


class Slot(NamedTuple):
    bed: str
    start: int
    minutes: int


class Plan:
    def __init__(self) -> None:
        self._slots: list[Slot] = []

    def add(self, bed: str, start: int, minutes: int = 10) -> Slot:
        slot = Slot(bed, start, minutes)
        self._slots.append(slot)
        return slot

    def slots(self) -> list[Slot]:
        return list(self._slots)

    def of(self, bed: str) -> list[Slot]:
        return [s for s in self._slots if s.bed == bed]

    def at(self, minute: int) -> list[str]:
        return [s.bed for s in self._slots if s.start <= minute < s.start + s.minutes]

    def minutes(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for slot in self._slots:
            total[slot.bed] = total.get(slot.bed, 0) + slot.minutes
        return total
""",
    "report.py": """\
from __future__ import annotations

from plan import Plan
from units import percent, pretty


def shares(plan: Plan) -> dict[str, str]:
    total = sum(plan.minutes().values())
    return {bed: pretty(percent(minutes, total), "%") for bed, minutes in plan.minutes().items()}


def lines(control) -> list[str]:
    out = []
    for name in control.history.names():
        out.append(f"{name}: {pretty(control.history.average(name))}")
    return out
""",
    "sensors.py": """\
from __future__ import annotations

import abc
from collections.abc import Iterable


class SensorError(Exception):
    def __init__(self, sensor: str, reason: str = "no answer") -> None:
        super().__init__(f"{sensor}: {reason}")
        self.sensor = sensor


class Sensor(abc.ABC):
    kind = "none"

    def __init__(self, name: str) -> None:
        self.name = name

    @abc.abstractmethod
    def read(self) -> float:
        ...

    def describe(self) -> str:
        return f"{self.kind} {self.name}"


class Thermometer(Sensor):
    kind = "temperature"

    def __init__(self, name: str, source: Iterable[float]) -> None:
        super().__init__(name)
        self._source = iter(source)

    def read(self) -> float:
        for value in self._source:
            return value
        raise SensorError(self.name)


class Hygrometer(Sensor):
    kind = "moisture"

    def __init__(self, name: str, level: float = 40.0) -> None:
        super().__init__(name)
        self.level = level

    def read(self) -> float:
        return self.level


def read_all(sensors: Iterable[Sensor]) -> dict[str, float]:
    found = {}
    for sensor in sensors:
        try:
            found[sensor.name] = sensor.read()
        except SensorError:
            continue
    return found
""",
    "units.py": """\
from __future__ import annotations


def to_celsius(fahrenheit: float) -> float:
    return (fahrenheit - 32) * 5 / 9


def percent(part: float, whole: float) -> float:
    if whole == 0:
        return 0.0
    return 100 * part / whole


def pretty(value: float, unit: str = "") -> str:
    return f"{value:.1f}{unit}"
""",
}

LIFTS = {
    "bank.py": """\
from car import Car, Way
from choose import CHOOSERS


class Bank:
    def __init__(self, names, chooser="near"):
        self.cars = {name: Car(name) for name in names}
        self.choose = CHOOSERS[chooser]
        self.waiting = []

    def request(self, rider):
        car = self.choose(list(self.cars.values()), rider.start)
        car.call(rider.start)
        self.waiting.append(rider)
        return car.name

    def tick(self):
        gone = []
        for car in self.cars.values():
            gone.extend(car.step())
            for rider in [r for r in self.waiting if r.start == car.floor]:
                if len(car.riders) < car.room:
                    self.waiting.remove(rider)
                    car.board(rider)
        return gone

    def idle(self):
        return [car.name for car in self.cars.values() if car.way is Way.STILL]
""",
    "car.py": """\
from enum import Enum


class Way(Enum):
    UP = 1
    DOWN = -1
    STILL = 0


class Full(Exception):
    pass


class Car:
    room = 4

    def __init__(self, name, floor=0):
        self.name = name
        self.floor = floor
        self.stops = []
        self.riders = []

    @property
    def way(self):
        if not self.stops:
            return Way.STILL
        return Way.UP if self.stops[0] > self.floor else Way.DOWN

    def call(self, floor):
        if floor not in self.stops and floor != self.floor:
            self.stops.append(floor)

    def board(self, rider):
        if len(self.riders) >= self.room:
            raise Full(self.name)
        self.riders.append(rider)
        self.call(rider.goal)

    def step(self):
        if self.stops:
            self.floor += self.way.value
            if self.floor == self.stops[0]:
                self.stops.pop(0)
                return self._open()
        return []

    def _open(self):
        out = [r for r in self.riders if r.goal == self.floor]
        self.riders = [r for r in self.riders if r.goal != self.floor]
        return out
""",
    "choose.py": """\
CHOOSERS = {}


def chooser(name):
    def keep(function):
        CHOOSERS[name] = function
        return function

    return keep


@chooser("near")
def nearest(cars, floor):
    return min(cars, key=lambda car: abs(car.floor - floor))


@chooser("free")
def freest(cars, floor):
    return min(cars, key=lambda car: (len(car.stops), abs(car.floor - floor)))
""",
    "rider.py": """\
from dataclasses import dataclass


@dataclass(frozen=True)
class Rider:
    name: str
    start: int
    goal: int
    weight: int = 75

    def distance(self):
        return abs(self.goal - self.start)
""",
    "stats.py": """\
from collections import Counter
from statistics import mean


class Stats:
    def __init__(self):
        self.trips = []

    def add(self, rider, ticks):
        self.trips.append((rider, ticks))

    def average(self):
        return mean(ticks for _, ticks in self.trips) if self.trips else 0

    def busiest(self, count=3):
        floors = Counter(rider.start for rider, _ in self.trips)
        return floors.most_common(count)

    def slowest(self):
        return max(self.trips, key=lambda trip: trip[1])[0]
""",
    "text.py": """\
ARROWS = {1: "^", -1: "v", 0: "-"}


def board(bank):
    lines = []
    for car in bank.cars.values():
        lines.append("{:<6}{:>3} {}".format(car.name, car.floor, ARROWS[car.way.value]))
    return "\\n".join(lines)


def floor_name(floor):
    return "G" if floor == 0 else "B%d" % -floor if floor < 0 else str(floor)
""",
}
