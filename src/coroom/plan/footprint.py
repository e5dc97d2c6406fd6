"""What a task will touch: what it declares, found in the index, or what its words say."""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from coroom.core.resource import Resource, Scheme, overlaps
from coroom.core.resource import file as file_resource
from coroom.plan.history import CoChange
from coroom.plan.index import Place, SymbolIndex
from coroom.plan.said_lines import SaidLines, lines_meant, said_lines
from coroom.plan.task import Impossible, PlanTask, TaskFootprint, Touch, names_in, words_in
from coroom.syntax import MODULE, is_test

FILES_PREDICTED_MAX = 3
SYMBOLS_PREDICTED_MAX = 6
COMPANION_SHARE = 0.6
"""A file that changes this often with a predicted one is predicted too."""

_IN_FILES = frozenset({Scheme.FILE, Scheme.DIR, Scheme.GLOB, Scheme.SYMBOL})
_QUOTED = re.compile(r"`([^`\n]+)`")
# Looked for only where a word begins: anywhere else, a word of a hundred thousand letters takes minutes.
_PATHS = re.compile(r"(?<![\w./-])[\w./-]+\.\w+")


class Footprints:
    """Footprints of tasks against one index and one history. `paths` are all files of the repository, and `length_of`
    says how many lines one of them has, None where that is not known.
    """

    def __init__(
        self,
        index: SymbolIndex,
        paths: Collection[str],
        history: CoChange,
        length_of: Callable[[str], int | None] = lambda _path: None,
    ) -> None:
        self._index = index
        self._length_of = length_of
        self._paths = frozenset(paths)
        self._history = history
        self._words: dict[str, frozenset[str]] = {}
        self._rarity: dict[str, float] = {}
        self._endings = {path.rpartition(".")[2] for path in self._paths if "." in path}

    def of_all(self, tasks: Sequence[PlanTask]) -> tuple[TaskFootprint, ...]:
        """The footprint of each task.

        Where every task names the file beside each of its symbols, to name it says nothing of the rest of the file.
        """
        found = [self.of(task) for task in tasks]
        held = [(each, path) for each in found for path in {t.place.path for t in each.touches if t.place.symbol}]
        said = [any(not t.place.symbol and t.place.path == path for t in each.touches) for each, path in held]
        if len(said) > 1 and all(said):
            found = [replace(each, touches=frozenset(_without_holders(each))) for each in found]
        return tuple(found)

    def of(self, task: PlanTask) -> TaskFootprint:
        """The footprint that the task declares; one that is predicted when it declares no file."""
        declared = [one for one in task.touches if one.scheme in _IN_FILES]
        others = tuple(one for one in task.touches if one.scheme not in _IN_FILES)
        said = words_in(task.title)
        if not declared:
            touches = frozenset(self._predicted(task))
            return TaskFootprint(task=task, touches=touches, predicted=True, others=others, words=said)
        unknown: list[str] = []
        impossible: list[Impossible] = []
        found = [touch for one in declared for touch in self._declared(one, unknown, impossible)]
        with_symbols = {touch.place.path for touch in found if touch.place.symbol}
        whole = {touch.place.path for touch in found if touch.whole} - with_symbols
        touches = frozenset(touch._replace(whole=touch.place.path in whole) for touch in found)
        return TaskFootprint(
            task=task,
            touches=touches,
            unknown=tuple(unknown),
            impossible=tuple(impossible),
            others=others,
            words=said,
        )

    def _declared(self, resource: Resource, unknown: list[str], impossible: list[Impossible]) -> Iterator[Touch]:
        if resource.scheme is Scheme.SYMBOL:
            path, _, symbol = resource.name.partition("#")
            path = self._path_meant(path)
            symbol = "" if symbol == MODULE else self._symbol_meant(path, symbol)
            place = Place(path, symbol)
            known = self._index.symbol(place) is not None if symbol else path in self._paths
            if path not in self._paths:
                unknown.append(str(resource))
            yield Touch(place, known)
        elif resource.scheme is Scheme.FILE:
            yield from self._in_file(resource, unknown, impossible)
        else:
            inside = [path for path in self._paths if overlaps(resource, file_resource(path))]
            if not inside:
                unknown.append(str(resource))
            yield from (Touch(Place(path, ""), known=True, whole=True) for path in inside)

    def _in_file(self, resource: Resource, unknown: list[str], impossible: list[Impossible]) -> Iterator[Touch]:
        path, lines, wrong = self._path_meant(resource.name), None, ""
        if path not in self._paths:
            path, lines, wrong = self._part_meant(resource.name, path)
        if wrong:
            impossible.append(Impossible(str(resource), wrong))
        elif path not in self._paths:
            unknown.append(str(resource))
        if lines is None:
            yield Touch(Place(path, ""), path in self._paths, whole=True)
        else:
            yield from self._in_lines(path, lines)

    def _part_meant(self, name: str, path: str) -> tuple[str, tuple[int, int] | None, str]:
        """The file whose lines the name says, these lines, and what is wrong with them; else what there was."""
        said = said_lines(name)
        if said is not None:
            path = self._path_meant(said.path)
            return path, *lines_meant(SaidLines(path, *said[1:]), self._length_of(path))
        whole, hash_sign, _ = name.rpartition("#")
        whole = self._path_meant(whole)
        if not hash_sign or whole not in self._paths:
            return path, None, ""
        forms = "#L10, #L10-L40, or #L10+ for new ones"
        return whole, None, f"it says no lines. Planned as the whole file: {forms}; a definition is symbol:{whole}#name"

    def _in_lines(self, path: str, lines: tuple[int, int]) -> Iterator[Touch]:
        """The innermost definitions that these lines lie in, or the top of the file; new ones in both neighbours."""
        first, last = sorted(lines)
        inside = [each for each in self._index.symbols(path).values() if each.line <= last and first <= each.end_line]
        outer = {each.scope for each in inside}
        for each in inside:
            if each.qualname not in outer and each.kind != "field":
                yield Touch(Place(path, each.qualname), known=True, lines=lines)
        if not inside:
            yield Touch(Place(path, ""), path in self._paths, lines=lines)

    def _path_meant(self, path: str) -> str:
        """The file of that name, or the only one that ends so."""
        if path in self._paths:
            return path
        ending = [each for each in self._paths if each.endswith(f"/{path}")]
        return ending[0] if len(ending) == 1 else path

    def _symbol_meant(self, path: str, symbol: str) -> str:
        symbols = self._index.symbols(path)
        if symbol in symbols:
            return symbol
        ending = [name for name in symbols if name.endswith(f".{symbol}")]
        return ending[0] if len(ending) == 1 else symbol

    def _predicted(self, task: PlanTask) -> Iterator[Touch]:
        text = f"{task.title}\n{task.description}"
        named = list(self._named_in(text))
        yield from named
        if any(touch.place.symbol for touch in named):
            return
        paths = [touch.place.path for touch in named] or self._likely_paths(words_in(text))
        for path in paths:
            symbols = self._likely_symbols(path, words_in(text))
            yield from (Touch(Place(path, symbol), known=True) for symbol in symbols)
            if not symbols:
                yield Touch(Place(path, ""), path in self._paths, whole=True)
            for other in self._history.companions(path, COMPANION_SHARE)[:2]:
                if other in self._paths and other not in paths and not is_test(other):
                    yield Touch(Place(other, ""), known=True, whole=True)

    def _named_in(self, text: str) -> Iterator[Touch]:
        """Files and definitions that the text calls by their names."""
        flat = text.replace("`", " ")
        for word in dict.fromkeys(_PATHS.findall(flat)):
            path = self._path_meant(word.strip("./"))
            if path in self._paths:
                yield Touch(Place(path, ""), known=True, whole=True)
            elif path.rpartition(".")[2] in self._endings:
                yield Touch(Place(path, ""), known=False, whole=True)
        quoted = {part for span in _QUOTED.findall(text) for part in names_in(span)}
        for name in sorted(names_in(text)):
            # A plain word is a name only where it is written as one.
            marked = (
                name in quoted or "_" in name.strip("_") or not (name.islower() or name.istitle() or name.isupper())
            )
            places = [each for each in self._index.named(name) if not is_test(each.path)] if marked else []
            if len(places) <= FILES_PREDICTED_MAX:
                yield from (Touch(place, known=True) for place in places)

    def _likely_paths(self, said: frozenset[str]) -> list[str]:
        if not self._words:
            self._read_words()
        scores = {path: self._weight(said & words) for path, words in self._words.items() if said & words}
        ranked = sorted(scores, key=lambda path: (-scores[path], is_test(path), path))
        best = scores[ranked[0]] if ranked else 0.0
        return [path for path in ranked[:FILES_PREDICTED_MAX] if scores[path] >= 0.6 * best and best > 1.0]

    def _likely_symbols(self, path: str, said: frozenset[str]) -> list[str]:
        if not self._words:
            self._read_words()
        scores = {name: self._weight(said & words_in(name)) for name in self._index.symbols(path)}
        ranked = sorted((name for name in scores if scores[name] > 0), key=lambda name: (-scores[name], name))
        return [name for name in ranked[:SYMBOLS_PREDICTED_MAX] if scores[name] >= 0.6 * scores[ranked[0]]]

    def _weight(self, words: frozenset[str]) -> float:
        return sum(self._rarity.get(word, 0.0) for word in words)

    def _read_words(self) -> None:
        for path in self._paths:
            inside = " ".join(self._index.symbols(path)) if not is_test(path) else ""
            self._words[path] = words_in(f"{path} {inside}")
        counts = Counter(word for words in self._words.values() for word in words)
        self._rarity = {word: math.log(1 + len(self._words) / count) for word, count in counts.items()}


def _without_holders(footprint: TaskFootprint) -> Iterator[Touch]:
    """The touches but for the files whose symbols are among them."""
    held = {touch.place.path for touch in footprint.touches if touch.place.symbol}
    return (touch for touch in footprint.touches if touch.place.symbol or touch.place.path not in held)


def resources_of(footprint: TaskFootprint) -> list[str]:
    """The footprint as resources are written, in order; what was declared as it was declared."""
    if not footprint.predicted:
        return [str(one) for one in footprint.task.touches]
    found = sorted(
        f"symbol:{touch.place}" if touch.place.symbol else f"file:{touch.place.path}" for touch in footprint.touches
    )
    return [*found, *(str(one) for one in footprint.others)]
