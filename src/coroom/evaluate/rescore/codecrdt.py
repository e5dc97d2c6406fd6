"""The 600 stored outputs of the CodeCRDT paper judged again: by parsers and a type checker instead of a model.

The paper's evaluation let a model score the texts; nothing was parsed, compiled or run. Here each text is parsed,
searched for what no program holds, for names declared twice or by nobody, and type-checked where a compiler is given.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from coroom.checks.alone import MARKUP, in_one_file, left_over
from coroom.checks.stored_outputs import StoredOutput, stored_outputs
from coroom.core.codec import Json
from coroom.evaluate.rescore.typescript import judged
from coroom.syntax import parses

MODES = ("sequential", "parallel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the paper prints of a task in one mode: trimmed mean seconds, mean characters, TypeScript errors in 1,000
    characters, and the judge's overall score of 100. Every run was reported as complete.
    """

    seconds: float
    characters: int
    errors_per_1k: float
    score: float


def _row(seconds: float, characters: int, errors_per_1k: float, score: float) -> Published:
    return Published(seconds=seconds, characters=characters, errors_per_1k=errors_per_1k, score=score)


PUBLISHED: Mapping[tuple[str, str], Published] = {
    ("tic_tac_toe", "sequential"): _row(45.47, 12_930, 4.60, 58.90),
    ("tic_tac_toe", "parallel"): _row(35.89, 11_509, 0.59, 58.18),
    ("registration_page", "sequential"): _row(56.13, 17_196, 4.24, 67.92),
    ("registration_page", "parallel"): _row(52.15, 18_885, 2.27, 68.44),
    ("markdown_editor", "sequential"): _row(69.33, 18_285, 3.26, 47.34),
    ("markdown_editor", "parallel"): _row(64.32, 16_028, 4.04, 56.76),
    ("pomodoro_timer", "sequential"): _row(56.27, 14_952, 4.09, 57.26),
    ("pomodoro_timer", "parallel"): _row(76.47, 27_195, 1.95, 56.34),
    ("dashboard", "sequential"): _row(64.43, 19_194, 5.93, 51.94),
    ("dashboard", "parallel"): _row(83.19, 37_922, 1.91, 53.64),
    ("algorithm_visualizer", "sequential"): _row(66.39, 18_389, 3.78, 52.50),
    ("algorithm_visualizer", "parallel"): _row(92.57, 53_068, 0.92, 45.74),
}
"""arXiv 2510.18893, its tables by task, and the scores in its repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is true of one output. `stripped_parses` is of the text without the tags of tool calls that leaked into it;
    `clean` and `stripped_clean` say that a type checker finds nothing, None where none was asked.
    """

    parses: bool
    leaked: bool
    stripped_parses: bool
    placeholder: bool
    duplicate: bool
    undefined: bool
    clean: bool | None = None
    stripped_clean: bool | None = None

    @property
    def usable(self) -> bool:
        """It parses, holds nothing unfinished or doubled, and is free of type errors as far as that was asked."""
        sound = self.parses and not (self.leaked or self.placeholder or self.duplicate or self.undefined)
        return sound and self.clean is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A task in one mode: how many outputs, how many different texts, how many of them have each flaw."""

    task: str
    mode: str
    outputs: int
    distinct: int
    unparsable: int
    leaked: int
    unparsable_stripped: int
    placeholder: int
    duplicate: int
    undefined: int
    clean: int | None
    stripped_clean: int | None
    usable: int
    seconds: float
    characters: float

    @property
    def published(self) -> Published | None:
        """What the paper says of it; None for a task or mode that it does not have."""
        return PUBLISHED.get((self.task, self.mode))

    def document(self) -> dict[str, Json]:
        """For machines."""
        found: dict[str, Json] = {name: getattr(self, name) for name in self.__slots__}
        told = self.published
        return {**found, "published": {name: getattr(told, name) for name in told.__slots__} if told else None}


def rescored(
    place: Path, typescript: Path | None, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> list[Cell]:
    """Judge every stored output below a place, tasks in the paper's order, then the others.

    Args:
        place: a checkout of the paper's repository, or a folder of its results.
        typescript: a folder with the compiler (`typescript.compiler`), None to leave types out.
        progress: told (judged, all) now and then.

    Raises:
        NoOutputsError: there are none at this place.
        NoCompilerError: the compiler failed.
    """
    outputs = list(stored_outputs(place))
    texts = {_name(text): text for output in outputs for text in (output.text, stripped(output.text))}
    typed: dict[str, tuple[bool, int]] = {}
    every = len({_name(output.text) for output in outputs}) + (len(texts) if typescript else 0)
    done = 0
    progress(done, every)
    for part in judged(texts, typescript) if typescript else ():
        typed.update(part)
        done += len(part)
        progress(done, every)
    verdicts: dict[str, Verdict] = {}
    for output in outputs:
        name = _name(output.text)
        if name not in verdicts:
            verdicts[name] = verdict_of(output.text, typed if typescript else None)
            done += 1
            progress(done, every)
    cells: dict[tuple[str, str], list[StoredOutput]] = defaultdict(list)
    for output in outputs:
        cells[output.task, output.mode].append(output)
    order = {key: at for at, key in enumerate(PUBLISHED)}
    return [_cell(cells[key], verdicts) for key in sorted(cells, key=lambda key: (order.get(key, len(order)), key))]


def verdict_of(text: bytes, typed: Mapping[str, tuple[bool, int]] | None) -> Verdict:
    """What is true of one text. `typed` holds what the compiler says of texts, by name."""
    bare = stripped(text)
    kinds = {found.kind for found in left_over(text, "output.tsx")}
    names = {found.kind for found in in_one_file(bare, "output.tsx")}
    sound, bare_sound = bool(parses(text, "output.tsx")), bool(parses(bare, "output.tsx"))
    clean = stripped_clean = None
    if typed is not None:
        (sound, errors), (bare_sound, bare_errors) = typed[_name(text)], typed[_name(bare)]
        clean, stripped_clean = sound and not errors, bare_sound and not bare_errors
    return Verdict(
        parses=sound,
        leaked="leaked-markup" in kinds,
        stripped_parses=bare_sound,
        placeholder="placeholder" in kinds,
        duplicate="duplicate-definition" in names,
        undefined="undefined-name" in names,
        clean=clean,
        stripped_clean=stripped_clean,
    )


def stripped(text: bytes) -> bytes:
    """A text without the tags of tool calls that leaked into it."""
    return MARKUP.sub(b"", text)


def total(cells: Iterable[Cell], mode: str) -> Cell | None:
    """All tasks of one mode together; None when there are none."""
    found = [cell for cell in cells if cell.mode == mode]
    if not found:
        return None
    outputs = sum(cell.outputs for cell in found)
    return Cell(
        task="all",
        mode=mode,
        outputs=outputs,
        distinct=sum(cell.distinct for cell in found),
        unparsable=sum(cell.unparsable for cell in found),
        leaked=sum(cell.leaked for cell in found),
        unparsable_stripped=sum(cell.unparsable_stripped for cell in found),
        placeholder=sum(cell.placeholder for cell in found),
        duplicate=sum(cell.duplicate for cell in found),
        undefined=sum(cell.undefined for cell in found),
        clean=_summed([cell.clean for cell in found]),
        stripped_clean=_summed([cell.stripped_clean for cell in found]),
        usable=sum(cell.usable for cell in found),
        seconds=sum(cell.seconds * cell.outputs for cell in found) / outputs,
        characters=sum(cell.characters * cell.outputs for cell in found) / outputs,
    )


def _cell(outputs: Sequence[StoredOutput], verdicts: Mapping[str, Verdict]) -> Cell:
    found = [verdicts[_name(output.text)] for output in outputs]
    return Cell(
        task=outputs[0].task,
        mode=outputs[0].mode,
        outputs=len(outputs),
        distinct=len({output.text for output in outputs}),
        unparsable=sum(not each.parses for each in found),
        leaked=sum(each.leaked for each in found),
        unparsable_stripped=sum(not each.stripped_parses for each in found),
        placeholder=sum(each.placeholder for each in found),
        duplicate=sum(each.duplicate for each in found),
        undefined=sum(each.undefined for each in found),
        clean=_summed([each.clean for each in found]),
        stripped_clean=_summed([each.stripped_clean for each in found]),
        usable=sum(each.usable for each in found),
        seconds=sum(output.seconds for output in outputs) / len(outputs),
        characters=sum(len(output.text.decode()) for output in outputs) / len(outputs),
    )


def _summed(counts: Sequence[int | bool | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _name(text: bytes) -> str:
    return f"{sha256(text).hexdigest()[:24]}.tsx"
