"""Whether two tasks can be done side by side: a score from what they have in common, with reasons a person can read."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from coroom.plan.evidence import Evidence, evidence_of
from coroom.plan.history import CoChange
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.task import TaskFootprint

THRESHOLD = 0.5
"""From this score on two tasks count as coupled."""

REASONS_MAX = 4
NAMES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two tasks. `first` is the one that should go first, empty when there is none that should; `uses` is whether the
    other uses what it changes.
    """

    a: str
    b: str
    score: float
    coupled: bool
    reasons: tuple[str, ...]
    first: str = ""
    uses: bool = False


@dataclass(frozen=True, slots=True)
class _Signal:
    """One thing that speaks for coupling: how much there is of it, how much that weighs, and how it is said."""

    weight: float
    amount: Callable[[Evidence], float]
    said: Callable[[Evidence], str]


def pairs_of(footprints: Sequence[TaskFootprint], index: SymbolIndex, history: CoChange) -> list[Pair]:
    """Every two tasks in the order given, and how much they are coupled."""
    return [pair_of(a, b, index, history) for a, b in combinations(footprints, 2)]


def pair_of(a: TaskFootprint, b: TaskFootprint, index: SymbolIndex, history: CoChange) -> Pair:
    """How much two tasks are coupled, and why."""
    found = evidence_of(a, b, index, history)
    score = 1.0 if found.others else score_of(found)
    first = _first(a, b, found)
    return Pair(
        a=a.task.id,
        b=b.task.id,
        score=round(score, 3),
        coupled=score >= THRESHOLD,
        reasons=tuple(_reasons(found))[:REASONS_MAX] or ("they have nothing in common that can be seen",),
        first=first,
        uses=bool(found.uses or found.named),
    )


def score_of(found: Evidence) -> float:
    """The chance that the one cannot be done beside the other: a logistic sum of the signals."""
    total = BIAS + sum(signal.weight * signal.amount(found) for signal in SIGNALS.values())
    return 1.0 / (1.0 + math.exp(-total))


def _reasons(found: Evidence) -> Iterator[str]:
    if found.others:
        yield f"both need {', '.join(found.others[:NAMES_MAX])}"
    weighed = [(signal.weight * signal.amount(found), signal.said(found)) for signal in SIGNALS.values()]
    for value, said in sorted(weighed, key=lambda each: -each[0]):
        if said and value > 0:
            yield said


def _first(a: TaskFootprint, b: TaskFootprint, found: Evidence) -> str:
    """Who defines goes before who uses, by the count of what they define for each other; else the order given."""
    if b.task.id in a.task.after:
        return b.task.id
    if a.task.id in b.task.after:
        return a.task.id
    lead = sum(1 if task == a.task.id else -1 for _, _, task in found.uses)
    lead += 3 * sum(1 if task == a.task.id else -1 for _, task in found.named)
    return a.task.id if lead > 0 else b.task.id if lead < 0 else ""


def _is_finer(found: Evidence) -> bool:
    """Whether more is known of what both change than the file."""
    return bool(found.shared or found.made or found.tops or found.wholes)


def _shown(places: Sequence[Place]) -> str:
    names = ", ".join(f"{place.symbol} ({place.path})" for place in places[:NAMES_MAX])
    return names + (f" and {len(places) - NAMES_MAX} more" if len(places) > NAMES_MAX else "")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES_MAX]) + (f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else "")


def _said_uses(found: Evidence) -> str:
    used, user, task = found.uses[0]
    more = f" and {len(found.uses) - 1} more such uses" if len(found.uses) > 1 else ""
    teller = next((f", says {by}" for *edge, by in found.told if edge == [used, user]), "")
    return f"{user.symbol or user.path} uses {used.symbol} ({used.path}{teller}), which {task} changes{more}"


def _there(name: str, weight: float, said: Callable[[Evidence], str] = lambda _: "") -> _Signal:
    """A signal that is there or not: whether the evidence has anything under that name; silent when it has not."""
    return _Signal(
        weight,
        lambda found: float(bool(getattr(found, name))),
        lambda found: said(found) if getattr(found, name) else "",
    )


def _more(name: str, weight: float) -> _Signal:
    """How many of them there are, by their logarithm; said by the signal that they are there."""
    return _Signal(weight, lambda found: math.log(max(1, len(getattr(found, name)))), lambda _: "")


BIAS = -3.45
SIGNALS: dict[str, _Signal] = {
    "shared": _Signal(
        3.1,
        lambda found: float(bool(found.shared or found.made)),
        lambda found: f"both change {_shown(found.shared)}" if found.shared else "",
    ),
    "close": _Signal(1.1, lambda found: found.close, lambda _: ""),
    "echo": _Signal(
        1.3,
        lambda found: found.echo,
        lambda found: "the one makes what the other's names speak of" if found.echo else "",
    ),
    "adjacent": _there("adjacent", 0.3, lambda _: "they change definitions that stand side by side"),
    "made": _there("made", 0.4, lambda found: f"both make {_shown(found.made)}"),
    "class": _there("classes", 0.9, lambda found: f"both change the class {_shown(found.classes)} itself"),
    "top": _there("tops", 3.0, lambda found: f"both change the top of {_listed(found.tops)} (imports, constants)"),
    "more tops": _more("tops", 0.3),
    "beside": _there("beside", 0.8, lambda found: f"new beside what the other changes: {_shown(found.beside)}"),
    "whole": _there("wholes", 2.7, lambda found: f"both change {_listed(found.wholes)}, and nobody says where in it"),
    "half": _there("half", 1.0),
    "more wholes": _more("wholes", 0.5),
    "same file": _there("files", 1.4, lambda found: "" if _is_finer(found) else f"both change {_listed(found.files)}"),
    "uses": _there("uses", 0.2, _said_uses),
    "far uses": _there(
        "far_uses", 0.1, lambda found: f"{found.far_uses[0][1]} uses {found.far_uses[0][0]} by way of another"
    ),
    "mutable": _there("mutable", 0.1, lambda found: f"both work on the variable {_shown(found.mutable)}"),
    "together": _Signal(
        0.2,
        lambda found: found.together,
        lambda found: (
            f"files of theirs are changed together in {found.together:.0%} of commits" if found.together else ""
        ),
    ),
    "named": _there(
        "named",
        3.6,
        lambda found: f"the one speaks of {_listed([name for name, _ in found.named])}, which the other makes",
    ),
    "words": _Signal(
        1.6,
        lambda found: found.likeness,
        lambda found: f"both speak of {_listed(sorted(found.words))}" if found.words else "",
    ),
    "issue": _there("issues", 0.3, lambda found: f"both belong to #{found.issues[0]}"),
    "near": _there("near", 7.0, lambda found: f"their lines in {found.near} meet"),
    # Lines far apart merge as text; that says nothing of a name that one makes and the other speaks of.
    "apart": _Signal(-5.0, lambda found: float(found.apart and not found.named) * (1.0 - found.echo), lambda _: ""),
}
"""The signals, in the order in which they were thought of. Weights are fitted (docs/planning.md says on what)."""
