"""More small programs that the cases change, one of them in TypeScript."""

DEPOT = {
    "parcels.py": """\
from __future__ import annotations
from dataclasses import dataclass, field
from enum import Enum


class Zone(Enum):
    NEAR = "near"
    FAR = "far"


@dataclass
class Parcel:
    code: str
    grams: int
    zone: Zone = Zone.NEAR
    notes: list[str] = field(default_factory=list)

    def heavy(self) -> bool:
        return self.grams > 2000

    def tag(self) -> str:
        return f"<{self.code}>"
""",
    "depot.py": """\
from __future__ import annotations
from typing import Optional
from parcels import Parcel, Zone


class Unknown(Exception):
    pass


class Depot:
    def __init__(self) -> None:
        self._parcels: dict[str, Parcel] = {}
        self.closed = False

    def put(self, parcel: Parcel) -> None:
        self._parcels[parcel.code] = parcel

    def take(self, code: str) -> Parcel:
        if code not in self._parcels:
            raise Unknown(code)
        return self._parcels.pop(code)

    def look(self, code: str) -> Optional[Parcel]:
        return self._parcels.get(code)

    def by_zone(self, zone: Zone) -> list[Parcel]:
        return [p for p in self._parcels.values() if p.zone is zone]

    def codes(self) -> list[str]:
        return sorted(self._parcels)

    def total_grams(self) -> int:
        return sum(p.grams for p in self._parcels.values())
""",
    "rates.py": """\
from __future__ import annotations
from parcels import Parcel

BASE_CENTS = 450
PER_KG_CENTS = 120


def price(parcel: Parcel) -> int:
    return BASE_CENTS + PER_KG_CENTS * parcel.grams // 1000


def discounted(cents: int, percent: int) -> int:
    return cents * (100 - percent) // 100


def shown(cents: int) -> str:
    return f"{cents / 100:.2f}"
""",
    "routes.py": """\
from __future__ import annotations
from parcels import Parcel

PLACES = {"hub": (0, 0), "north": (0, 40), "east": (30, 0)}


def distance(a: str, b: str) -> float:
    (x, y), (u, v) = PLACES[a], PLACES[b]
    return ((x - u) ** 2 + (y - v) ** 2) ** 0.5


def tours(parcels: list[Parcel], size: int = 3) -> list[list[str]]:
    codes = [p.code for p in parcels]
    return [codes[at : at + size] for at in range(0, len(codes), size)]


def stops(text: str) -> list[str]:
    return [part.strip() for part in text.split(">")]
""",
    "audit.py": """\
from __future__ import annotations

_lines: list[tuple[str, str]] = []


def record(kind: str, code: str) -> None:
    _lines.append((kind, code))


def recent(count: int = 3) -> list[tuple[str, str]]:
    return _lines[-count:]


def clear() -> None:
    _lines.clear()
""",
}
RADIO = {
    "stations.py": """\
STATIONS = {}


def add_station(name, freq, genre="talk"):
    station = {"name": name, "freq": freq, "genre": genre}
    STATIONS[name] = station
    return station


def tune(name):
    return STATIONS.get(name)


def all_stations():
    return list(STATIONS.values())


def remove_station(name):
    STATIONS.pop(name, None)
""",
    "schedule.py": """\
_slots = []


def book(station, start, end, title):
    _slots.append({"station": station, "start": start, "end": end, "title": title})
    return len(_slots)


def slots_for(station):
    return [slot for slot in _slots if slot["station"] == station]


def minutes(slot):
    return slot["end"] - slot["start"]


def wipe():
    del _slots[:]
""",
    "hooks.py": """\
_hooks = {}


def hook(event):
    def keep(fn):
        _hooks.setdefault(event, []).append(fn)
        return fn
    return keep


def fire(event, **data):
    return [fn(**data) for fn in _hooks.get(event, [])]


def reset():
    _hooks.clear()
""",
    "playlist.py": """\
import random


class Playlist:
    def __init__(self, tracks=()):
        self.tracks = list(tracks)
        self.at = 0

    def add(self, track):
        self.tracks.append(track)
        return self

    def next(self):
        if self.at >= len(self.tracks):
            return None
        self.at += 1
        return self.tracks[self.at - 1]

    def shuffle(self, seed):
        random.Random(seed).shuffle(self.tracks)

    def to_text(self):
        return "\\n".join(self.tracks)
""",
    "settings.py": """\
OPTIONS = {
    "volume": 5,
    "region": "eu",
    "step": 0.5,
}


def get(key, default=None):
    return OPTIONS.get(key, default)


def put(key, value):
    OPTIONS[key] = value
""",
    "studio.py": """\
import hooks
import stations


def open_studio(name):
    station = stations.tune(name)
    if station is None:
        return False
    hooks.fire("start", name=name)
    return True


def close_studio(name):
    hooks.fire("stop", name=name)
""",
}
BREW = {
    "units.py": """\
def to_celsius(fahrenheit):
    return (fahrenheit - 32) * 5 / 9


def grams(ounces):
    return round(ounces * 28.35)


def clock_text(seconds):
    return "%d:%02d" % divmod(seconds, 60)
""",
    "steps.py": """\
class Step:
    name = "step"

    def run(self, state):
        raise NotImplementedError

    def seconds(self):
        return 10


class Heat(Step):
    name = "heat"

    def run(self, state):
        return dict(state, temp=state.get("temp", 20) + 30)

    def seconds(self):
        return 60


class Stir(Step):
    name = "stir"

    def run(self, state):
        return dict(state, stirred=True)


REGISTRY = {
    "heat": Heat,
    "stir": Stir,
}


def steps_of(text):
    return [REGISTRY[word]() for word in text.split()]
""",
    "kitchen.py": """\
from collections import namedtuple
from steps import steps_of

Result = namedtuple("Result", ["ok", "state", "seconds"])


class Burnt(Exception):
    pass


class Kitchen:
    def __init__(self, limit=100):
        self.limit = limit
        self._done = []

    def on_done(self, fn):
        self._done.append(fn)

    def cook(self, text):
        state, seconds = {}, 0
        for step in steps_of(text):
            state = step.run(state)
            seconds += step.seconds()
            if state.get("temp", 0) > self.limit:
                raise Burnt(step.name)
        result = Result(True, state, seconds)
        for fn in self._done:
            fn(result)
        return result
""",
    "notes.py": """\
import json


def save(result):
    return json.dumps({"ok": result.ok, "seconds": result.seconds}, sort_keys=True)


def load(text):
    return json.loads(text)


def lines_of(results):
    return [save(each) for each in results]
""",
}

QUEUE = {
    "jobs.ts": """\
export type State = "waiting" | "running" | "done";

export interface Job {
  id: string;
  payload: unknown;
  state: State;
  tries: number;
}

export class JobQueue {
  private jobs = new Map<string, Job>();
  private seq = 0;
  private watchers: ((job: Job) => void)[] = [];

  push(payload: unknown, prefix = "j"): Job {
    this.seq += 1;
    const job: Job = { id: `${prefix}${this.seq}`, payload, state: "waiting", tries: 0 };
    this.jobs.set(job.id, job);
    return job;
  }

  take(): Job | null {
    for (const job of this.jobs.values()) {
      if (job.state === "waiting") {
        job.state = "running";
        job.tries += 1;
        return job;
      }
    }
    return null;
  }

  get(id: string): Job | undefined {
    return this.jobs.get(id);
  }

  finish(id: string): boolean {
    const job = this.jobs.get(id);
    if (!job) return false;
    job.state = "done";
    this.watchers.forEach((watch) => watch(job));
    return true;
  }

  onDone(watch: (job: Job) => void): void {
    this.watchers.push(watch);
  }

  ids(): string[] {
    return [...this.jobs.keys()].sort();
  }

  all(): Job[] {
    return [...this.jobs.values()];
  }
}
""",
    "clock.ts": """\
export const TICK_MS = 100;

export function seconds(ms: number): number {
  return ms / 1000;
}

export function shown(ms: number): string {
  return `${Math.floor(ms / 1000)}s`;
}

export function parse(text: string): { hours: number; minutes: number } {
  const [hours, minutes] = text.split(":").map(Number);
  return { hours, minutes };
}
""",
    "report.ts": """\
import { JobQueue } from "./jobs";

export function waiting(queue: JobQueue): number {
  return queue.all().filter((job) => job.state === "waiting").length;
}

export function title(text: string): string {
  return `# ${text}`;
}

export function table(rows: string[][]): string {
  return rows.map((row) => row.join(" | ")).join("\\n");
}
""",
    "config.ts": """\
export const config: Record<string, any> = {
  workers: 2,
  retryLimit: 3,
  name: "main",
};

export function option(key: string, fallback: any = undefined): any {
  return key in config ? config[key] : fallback;
}
""",
    "bus.ts": """\
type Listener = (payload: any) => void;
const listeners = new Map<string, Listener[]>();

export function on(topic: string, fn: Listener): void {
  listeners.set(topic, [...(listeners.get(topic) ?? []), fn]);
}

export function emit(topic: string, payload: any): number {
  const found = listeners.get(topic) ?? [];
  found.forEach((fn) => fn(payload));
  return found.length;
}

export function clear(): void {
  listeners.clear();
}
""",
    "worker.ts": """\
import { emit } from "./bus";
import { JobQueue } from "./jobs";

export function runOne(queue: JobQueue): string | null {
  const job = queue.take();
  if (job === null) return null;
  emit("job.started", { id: job.id });
  queue.finish(job.id);
  return job.id;
}
""",
}

CINEMA = {
    "films.py": """\
from __future__ import annotations
from dataclasses import dataclass
from typing import Iterator


@dataclass
class Film:
    title: str
    minutes: int
    rating: int = 0


class Library:
    def __init__(self) -> None:
        self._films: list[Film] = []

    def add(self, film: Film) -> int:
        self._films.append(film)
        return len(self._films)

    def best(self, count: int = 2) -> list[Film]:
        return sorted(self._films, key=lambda film: -film.rating)[:count]

    def find(self, title: str) -> Film | None:
        for film in self._films:
            if film.title == title:
                return film
        return None

    def titles(self) -> list[str]:
        return [film.title for film in self._films]

    def __iter__(self) -> Iterator[Film]:
        return iter(self._films)
""",
    "seats.py": """\
from __future__ import annotations

ROWS = 5
PER_ROW = 8


class Full(Exception):
    pass


def seat_name(row: int, place: int) -> str:
    return f"{chr(65 + row)}{place + 1}"


def parse_seat(name: str) -> tuple[int, int]:
    return ord(name[0]) - 65, int(name[1:]) - 1


class Hall:
    def __init__(self, rows: int = ROWS) -> None:
        self.rows = rows
        self._taken: set[tuple[int, int]] = set()

    def take(self, row: int, place: int) -> str:
        if (row, place) in self._taken:
            raise Full(seat_name(row, place))
        self._taken.add((row, place))
        return seat_name(row, place)

    def free(self) -> int:
        return self.rows * PER_ROW - len(self._taken)

    def taken(self) -> list[str]:
        return [seat_name(*seat) for seat in sorted(self._taken)]
""",
    "prices.py": """\
TABLE = {"child": 500, "adult": 900}


def ticket(kind):
    return TABLE[kind]


def total(kinds):
    return sum(ticket(kind) for kind in kinds)


def receipt(kinds):
    lines = ["%s: %d" % (kind, ticket(kind)) for kind in kinds]
    return "\\n".join(lines)
""",
    "clock.py": """\
def at(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def text_of(minutes):
    return "%02d:%02d" % divmod(minutes, 60)


def after(start, minutes):
    return text_of(at(start) + minutes)
""",
    "signals.py": """\
class Bus:
    def __init__(self):
        self.handlers = {}

    def on(self, name, fn):
        self.handlers.setdefault(name, []).append(fn)

    def emit(self, name, *args):
        for fn in self.handlers.get(name, []):
            fn(*args)


bus = Bus()


def sold(seat):
    bus.emit("sold", seat)
""",
}

PARK = {
    "animals.py": """\
from __future__ import annotations
from dataclasses import dataclass


@dataclass
class Animal:
    name: str
    kind: str
    kilos: float
    tame: bool = False

    def meal(self) -> float:
        return self.kilos * 0.1


class Lion(Animal):
    def meal(self) -> float:
        return self.kilos * 0.3


def by_kind(animals: list[Animal]) -> dict[str, list[Animal]]:
    found: dict[str, list[Animal]] = {}
    for each in animals:
        found.setdefault(each.kind, []).append(each)
    return found


def heaviest(animals: list[Animal]) -> Animal:
    return max(animals, key=lambda each: each.kilos)
""",
    "store.py": """\
class Store:
    def __init__(self):
        self.stock = {}
        self.log = []

    def put(self, food, amount):
        self.stock[food] = self.stock.get(food, 0) + amount
        self.log.append(("put", food, amount))

    def take(self, food, amount):
        if self.stock.get(food, 0) < amount:
            return False
        self.stock[food] -= amount
        self.log.append(("take", food, amount))
        return True

    def left(self, food):
        return self.stock.get(food, 0)

    def history(self):
        return list(self.log)
""",
    "tickets.py": """\
import re

DAY = 1200
CHILD = 0.5


def price(age, day=DAY):
    return int(day * CHILD) if age < 12 else day


def code(number):
    return "T-%05d" % number


def number_of(text):
    match = re.fullmatch(r"T-(\\d+)", text)
    return int(match.group(1)) if match else None


def split_name(text):
    first, _, last = text.partition(" ")
    return {"first": first, "last": last}
""",
    "rounds.py": """\
import time
from store import Store


class Round:
    def __init__(self, store, clock=time.time):
        self.store = store
        self.clock = clock
        self.fed = []

    def feed(self, animal):
        if not self.store.take("meat", animal.meal()):
            raise LookupError("no meat")
        self.fed.append((animal.name, self.clock()))
        return animal.name

    def feed_all(self, animals):
        return [self.feed(each) for each in animals]

    def last(self):
        return self.fed[-1][0] if self.fed else None
""",
}

STALL = {
    "types.ts": """\
export type Unit = "piece" | "kilo";

export interface Item {
  id: string;
  title: string;
  cents: number;
  unit: Unit;
  tags: string[];
}

export interface Line {
  readonly item: Item;
  count: number;
}

export interface Page<T> {
  rows: T[];
  total: number;
}
""",
    "money.ts": """\
export function shownCents(cents: number): string {
  return (cents / 100).toFixed(2);
}

export function reduced(cents: number, percent: number): number {
  return Math.round((cents * (100 - percent)) / 100);
}

export function span(cents: number[]): [number, number] {
  return [Math.min(...cents), Math.max(...cents)];
}

export function parseCents(text: string): number {
  const value = Number(text);
  return Number.isNaN(value) ? NaN : Math.round(value * 100);
}
""",
    "text.ts": """\
export function slug(title: string): string {
  return title.trim().toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

export function words(text: string): string[] {
  return text.split(/\\s+/).filter((word) => word !== "");
}

export function range(from: number, to: number): number[] {
  const found: number[] = [];
  for (let at = from; at <= to; at++) found.push(at);
  return found;
}
""",
    "shelf.ts": """\
import type { Item, Page } from "./types";
import { slug } from "./text";

export class NoSuchItem extends Error {
  constructor(readonly id: string) {
    super(`no item ${id}`);
    this.name = "NoSuchItem";
  }
}

export class Shelf {
  private readonly items = new Map<string, Item>();
  private onChange: ((item: Item) => void)[] = [];

  add(item: Item): this {
    this.items.set(item.id, item);
    this.onChange.forEach((call) => call(item));
    return this;
  }

  get(id: string): Item | undefined {
    return this.items.get(id);
  }

  need(id: string): Item {
    const found = this.items.get(id);
    if (found === undefined) throw new NoSuchItem(id);
    return found;
  }

  all(): Item[] {
    return [...this.items.values()];
  }

  titled(text: string): Item[] {
    return this.all().filter((item) => slug(item.title).includes(slug(text)));
  }

  page(number: number, size = 2): Page<Item> {
    const all = this.all();
    return { rows: all.slice(number * size, (number + 1) * size), total: all.length };
  }

  watch(call: (item: Item) => void): void {
    this.onChange.push(call);
  }

  get size(): number {
    return this.items.size;
  }
}
""",
    "cart.ts": """\
import type { Item, Line } from "./types";
import { reduced } from "./money";

export class Cart {
  private lines: Line[] = [];

  put(item: Item, count = 1): void {
    const line = this.lines.find((each) => each.item.id === item.id);
    if (line) line.count += count;
    else this.lines.push({ item, count });
  }

  content(): Line[] {
    return this.lines.slice();
  }

  count(): number {
    return this.lines.reduce((sum, line) => sum + line.count, 0);
  }

  total(percent = 0): number {
    const sum = this.lines.reduce((cents, line) => cents + line.item.cents * line.count, 0);
    return reduced(sum, percent);
  }
}
""",
    "config.ts": """\
export interface Config {
  currency: string;
  pageSize: number;
  tags: string[];
}

const config: Config = { currency: "EUR", pageSize: 2, tags: ["new"] };

export function current(): Config {
  return { ...config, tags: [...config.tags] };
}
""",
    "stock.ts": """\
const counts: Record<string, number> = {};

export function deliver(id: string, count: number): void {
  counts[id] = (counts[id] ?? 0) + count;
}

export function inStock(id: string): number {
  return counts[id] ?? 0;
}

export function ids(): string[] {
  return Object.keys(counts).sort();
}

export async function reserve(id: string, count: number): Promise<boolean> {
  if (inStock(id) < count) return false;
  counts[id] -= count;
  return true;
}
""",
}

BOARD = {
    "model.ts": """\
export enum Level {
  Low = 1,
  High,
}

export type Event =
  | { kind: "opened"; id: string; at: number }
  | { kind: "moved"; id: string; to: string }
  | { kind: "closed"; id: string };

export interface Card {
  id: string;
  column: string;
  level: Level;
  openedAt: number;
  notes: string[];
}

export interface State {
  cards: Record<string, Card>;
  order: string[];
}

export const EMPTY: State = { cards: {}, order: [] };
""",
    "reducer.ts": """\
import { Level } from "./model";
import type { Event, State } from "./model";

export function apply(state: State, event: Event): State {
  switch (event.kind) {
    case "opened":
      return {
        cards: {
          ...state.cards,
          [event.id]: { id: event.id, column: "todo", level: Level.Low, openedAt: event.at, notes: [] },
        },
        order: [...state.order, event.id],
      };
    case "moved": {
      const card = state.cards[event.id];
      if (!card) return state;
      return { ...state, cards: { ...state.cards, [event.id]: { ...card, column: event.to } } };
    }
    case "closed": {
      const { [event.id]: gone, ...cards } = state.cards;
      return gone ? { cards, order: state.order.filter((id) => id !== event.id) } : state;
    }
  }
}

export function replay(events: Event[], from: State): State {
  return events.reduce(apply, from);
}
""",
    "lru.ts": """\
export class Lru<K, V> {
  #kept = new Map<K, V>();

  constructor(private readonly room = 3) {}

  get(key: K): V | undefined {
    const found = this.#kept.get(key);
    if (found !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, found);
    }
    return found;
  }

  set(key: K, value: V): void {
    this.#kept.delete(key);
    this.#kept.set(key, value);
    if (this.#kept.size > this.room) {
      const oldest = this.#kept.keys().next().value as K;
      this.#kept.delete(oldest);
    }
  }

  keys(): K[] {
    return [...this.#kept.keys()];
  }

  get size(): number {
    return this.#kept.size;
  }
}
""",
    "emitter.ts": """\
export type Listener<T> = (value: T) => void;

export function createEmitter<T>() {
  const listeners: Listener<T>[] = [];
  return {
    on(listener: Listener<T>): () => void {
      listeners.push(listener);
      return () => {
        const at = listeners.indexOf(listener);
        if (at >= 0) listeners.splice(at, 1);
      };
    },
    emit(value: T): number {
      for (const listener of [...listeners]) listener(value);
      return listeners.length;
    },
  };
}
""",
    "tokens.ts": """\
export interface Token {
  kind: "number" | "sign" | "word";
  text: string;
}

export function* tokens(source: string): Generator<Token> {
  const pattern = /\\s*(?:(\\d+(?:\\.\\d+)?)|([-+*/()])|([a-z]\\w*))/gi;
  for (const match of source.matchAll(pattern)) {
    const [, number, sign, word] = match;
    if (number !== undefined) yield { kind: "number", text: number };
    else if (sign !== undefined) yield { kind: "sign", text: sign };
    else yield { kind: "word", text: word };
  }
}
""",
    "format.ts": """\
export interface Options {
  width?: number;
  fill?: string;
}

export function cell(text: string, { width = 8, fill = " " }: Options = {}): string {
  return text.length > width ? text.slice(0, width) : text.padEnd(width, fill);
}

export const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (part / whole) * 100);

export default function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.floor((ms % 60_000) / 1000);
  return `${minutes}:${String(seconds).padStart(2, "0")}`;
}
""",
    "people.ts": """\
export abstract class Person {
  constructor(
    readonly name: string,
    protected rate: number,
  ) {}

  abstract hours(): number;

  pay(): number {
    return this.hours() * this.rate;
  }

  get initials(): string {
    return this.name
      .split(" ")
      .map((part) => part[0])
      .join("");
  }
}

export class Worker extends Person {
  private worked: number[] = [];

  log(hours: number): this {
    this.worked.push(hours);
    return this;
  }

  hours(): number {
    return this.worked.reduce((sum, each) => sum + each, 0);
  }
}
""",
    "retry.ts": """\
export async function retry<T>(act: () => Promise<T>, times = 3): Promise<T> {
  let last: unknown;
  for (let turn = 0; turn < times; turn++) {
    try {
      return await act();
    } catch (fault) {
      last = fault;
    }
  }
  throw last;
}
""",
}

HARBOUR = {
    "ships.ts": """\
export interface Ship {
  name: string;
  flag: string;
  tons: number;
  arrived?: Date;
}

export type Berth = { ship: Ship; until: string | null };

export const byTons = (one: Ship, two: Ship): number => one.tons - two.tons;

export function describe(ship: Ship): string {
  const when = ship.arrived ? ship.arrived.toISOString().slice(0, 10) : "at sea";
  return `${ship.name} (${ship.flag}, ${ship.tons} t): ${when}`;
}
""",
    "berths.ts": """\
export class Sign {
  mark: string;

  constructor(mark: string) {
    this.mark = mark;
  }
}
""",
    "harbour.ts": """\
import type { Berth, Ship } from "./ships";

export class Full extends Error {}

export class Harbour {
  readonly berths: (Berth | null)[];

  constructor(size: number) {
    this.berths = Array.from({ length: size }, () => null);
  }

  dock(ship: Ship, until: string | null = null): number {
    const free = this.berths.indexOf(null);
    if (free < 0) throw new Full(`no room for ${ship.name}`);
    this.berths[free] = { ship, until };
    return free;
  }

  leave(name: string): Ship | null {
    const at = this.berths.findIndex((berth) => berth?.ship.name === name);
    if (at < 0) return null;
    const ship = this.berths[at]!.ship;
    this.berths[at] = null;
    return ship;
  }

  ships(): Ship[] {
    return this.berths.flatMap((berth) => (berth ? [berth.ship] : []));
  }

  get free(): number {
    return this.berths.filter((berth) => berth === null).length;
  }
}
""",
    "fees.ts": """\
import type { Ship } from "./ships";

const RATES: Record<string, number> = { NL: 2, DE: 3, default: 4 };

export function rate(flag: string): number {
  return RATES[flag] ?? RATES.default;
}

export function fee(ship: Ship, days = 1): number {
  return Math.max(100, ship.tons * rate(ship.flag)) * days;
}

export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}
""",
    "log.ts": """\
export interface Entry {
  at: number;
  what: string;
}

const entries: Entry[] = [];

export function note(what: string, at = entries.length): Entry {
  const entry = { at, what };
  entries.push(entry);
  return entry;
}

export function since(at: number): Entry[] {
  return entries.filter((entry) => entry.at >= at);
}

export function last(): Entry | undefined {
  return entries[entries.length - 1];
}
""",
    "codec.ts": """\
export function encode(fields: Record<string, string | number>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${value}`)
    .join(";");
}

export function decode(line: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of line.split(";")) {
    const [key, value = ""] = part.split("=");
    if (key) found[key.trim()] = value.trim();
  }
  return found;
}
""",
    "queue.ts": """\
export class Queue<T> {
  private waiting: T[] = [];

  push(...items: T[]): number {
    return this.waiting.push(...items);
  }

  next(): T | undefined {
    return this.waiting.shift();
  }

  *drain(): Generator<T> {
    let item: T | undefined;
    while ((item = this.next()) !== undefined) yield item;
  }

  get length(): number {
    return this.waiting.length;
  }
}
""",
}
