"""A directory of an agent that is put into, and an agent that acts at the very moment of a put."""

import os
from collections.abc import Callable
from pathlib import Path

from coroom.workspace.beneath import Resolver, Root
from coroom.workspace.exchange import Exchange, Expected, PutDone, PutRefused
from coroom.workspace.stage import Stage
from coroom.workspace.states import content_hash
from coroom.workspace.swap import KernelSwap, PortableSwap, Swap

STAGE = ".git/coroom/stage"


SWAPS: list[type[Swap]] = [KernelSwap, PortableSwap]


class Interfering:
    """A swap before or after which an agent does something: the moment that no schedule can be made to hit."""

    def __init__(self, swap: Swap) -> None:
        self._swap = swap
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def exchange(self, stage_fd: int, staged: str, parent_fd: int, leaf: str) -> None:
        self.before()
        self._swap.exchange(stage_fd, staged, parent_fd, leaf)
        self.after()

    def no_replace(self, from_fd: int, name: str, to_fd: int, leaf: str) -> None:
        self.before()
        self._swap.no_replace(from_fd, name, to_fd, leaf)
        self.after()


class Mirror:
    def __init__(
        self,
        directory: Path,
        swap: Swap,
        *,
        durable: bool = False,
        bytes_max: int = 1 << 20,
        resolver: Resolver | None = None,
    ) -> None:
        directory.mkdir(exist_ok=True)
        self.path = directory
        self.root = Root(str(directory), resolver=resolver)
        self.stage = Stage.inside(self.root, STAGE)
        self.swap = Interfering(swap)
        self.exchange = Exchange(
            self.root, self.stage, swap=self.swap, durable=durable, bytes_max=bytes_max, keep_seconds=30.0
        )

    def restart(self) -> Exchange:
        self.exchange = Exchange(self.root, self.stage, swap=self.swap)
        return self.exchange

    def staged(self) -> list[str]:
        return sorted(os.listdir(self.path / STAGE))

    def close(self) -> None:
        self.stage.close()
        self.root.close()


def expect(data: bytes) -> Expected:
    return Expected(content_hash(data))


def done(answer: PutDone | PutRefused) -> PutDone:
    assert isinstance(answer, PutDone), answer
    return answer


def refused(answer: PutDone | PutRefused) -> PutRefused:
    assert isinstance(answer, PutRefused), answer
    return answer
