"""Signatures that were said in the room as contracts, and the definitions that are not as was said."""

import re
from collections.abc import Iterator, Mapping

from coroom.checks.finding import Finding
from coroom.core.event import NoticeSent
from coroom.core.notice import NoticeKind
from coroom.core.quick import dataclass
from coroom.syntax import Function, module_of

CONTRACTS_MAX = 1_000
"""Of more, the oldest are no longer looked at."""

_SIGNATURE = re.compile(r"(?:async\s+)?(?:def|function)\s+(\w+)\s*(\([^()]*(?:\([^()]*\)[^()]*)*\))")
_PLACE = re.compile(r"[\w./-]+\.(?:pyi?|[cm]?[jt]sx?)\b")


@dataclass(frozen=True, slots=True)
class Contract:
    """A signature as it was said, by whom, and the files that were named with it."""

    name: str
    given: str
    by: str
    places: frozenset[str]


class Contracts:
    """The contracts of a room; what was said last of a name holds."""

    def __init__(self) -> None:
        self._said: dict[str, Contract] = {}

    def __bool__(self) -> bool:
        return bool(self._said)

    def take(self, notice: NoticeSent) -> bool:
        """Keep the signatures in a contract; whether there were any."""
        if notice.about_kind is not NoticeKind.CONTRACT:
            return False
        signatures = _SIGNATURE.findall(notice.text)
        places = frozenset(_PLACE.findall(notice.text))
        for name, given in signatures:
            self._said.pop(name, None)
            self._said[name] = Contract(name, given, notice.sender, places)
        while len(self._said) > CONTRACTS_MAX:
            del self._said[next(iter(self._said))]
        return bool(signatures)

    def about(self, name: str) -> Contract | None:
        """What was said last of a name."""
        return self._said.get(name)

    def broken(self, texts: Mapping[str, bytes]) -> Iterator[Finding]:
        """Functions outside of classes that have another signature than was said.

        One in a file that the contract names is sure. Elsewhere another function may only be called the same.
        """
        for path, text in texts.items() if self._said else ():
            module = module_of(text, path)
            for function in module.functions.values() if module is not None else ():
                said = self._said.get(function.name)
                agreed = _parameters(said, path) if said is not None else None
                if said is not None and agreed is not None and agreed != _of(function):
                    yield _finding(said, function, path)


def _finding(said: Contract, function: Function, path: str) -> Finding:
    shown = ", ".join(name for name, _ in _of(function))
    return Finding(
        kind="contract-broken", path=path, line=function.line, symbol=function.qualname,
        message=f"{function.name}({shown}) is not {said.name}{said.given} as {said.by} said",
        ours=(f"{path}:{function.line}",), confidence=0.95 if path in said.places else 0.6,
    )  # fmt: skip


def _parameters(said: Contract, path: str) -> list[tuple[str, bool]] | None:
    """The parameters that a signature names; None when it cannot be read in the language of the file."""
    python = path.endswith((".py", ".pyi"))
    text = f"def {said.name}{said.given}: ...\n" if python else f"function {said.name}{said.given} {{}}\n"
    module = module_of(text.encode(), path)
    function = module.functions.get(said.name) if module is not None else None
    return None if function is None else _of(function)


def _of(function: Function) -> list[tuple[str, bool]]:
    return [(each.text, "required" in each.flags) for each in function.parameters]
