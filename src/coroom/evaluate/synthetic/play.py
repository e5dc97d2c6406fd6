"""Plays a trial with synthetic agents: a room on a virtual clock, and a queue of whose next step comes when."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from coroom.core.agent import HOST
from coroom.core.command import DropHeld, FinishTask, Leave, MarkRead, ReturnTask, Say, Taken, TakeTask
from coroom.core.errors import Code, Refused
from coroom.core.event import Event
from coroom.core.file import SHARED_LINE, FileVersion
from coroom.core.notice import NoticeKind
from coroom.core.task import TaskState
from coroom.evaluate.conditions import Condition
from coroom.evaluate.eval_task import EvalTask, Unit
from coroom.evaluate.synthetic.hand import Hand, Traits, guessed, steps_of, tokens_of
from coroom.evaluate.synthetic.usage import Usage
from coroom.evaluate.synthetic.virtual_room import VirtualRoom
from coroom.host.door.answer import Answer
from coroom.host.door.overview import room_in_brief, taken

WALL_S = 600.0
"""The budget of the published runs on the ledger."""

IDLE_S = 15.0
"""How long a `sync` waits before an idle agent looks again."""

Steps = Iterator[float]
"""An agent at work: each value is how many seconds its next step takes; what it did then has happened."""


@dataclass(slots=True)
class Player:
    """One synthetic agent: its hand, what it has written and on what it was built."""

    name: str
    hand: Hand
    usage: Usage = field(default_factory=Usage)
    wrong: dict[str, str] = field(default_factory=dict)
    """Path -> the unit whose interface it was guessed from."""
    did: list[Unit] = field(default_factory=list)
    """What it has done of a task whose units share files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How it ended."""

    tree: dict[str, bytes]
    events: list[Event]
    seconds: float
    out_of_time: bool
    players: tuple[Player, ...]


class Play:
    """One trial.

    Args:
        task: what is asked.
        condition: what the agents share and are told.
        agents: how many; `solo` plays with one.
        traits: what they are like.
        seed: of everything that is drawn.
        wall_s: when everybody has to stop.
        tokens: what all together may use; None: as much as they like.
    """

    def __init__(
        self,
        task: EvalTask,
        condition: Condition,
        agents: int,
        traits: Traits,
        seed: str,
        wall_s: float = WALL_S,
        tokens: int | None = None,
    ) -> None:
        self._task = task
        self._condition = condition
        self._wall_s = wall_s
        self._tokens = tokens
        self._by_id = {unit.id: unit for unit in task.units}
        # Separate directories are the isolated policy without what the room adds on landing.
        self.room = VirtualRoom("trial", condition.policy if condition.shared else "isolated")
        self.room.seed(task.start)
        count = 1 if condition.alone else agents
        self.players = tuple(Player(f"agent-{n}", Hand(traits, f"{seed}/{n}")) for n in range(1, count + 1))

    def run(self) -> Played:
        """Play it to the end."""
        if self._condition.tools:
            self.room.post(self._task)
        for player in self.players:
            self.room.join(player.name)
        end_s, out_of_time = self._roles() if self._condition.roles else self._together(self.players)
        return Played(
            tree=self._united(),
            events=self.room.events,
            seconds=end_s,
            out_of_time=out_of_time,
            players=self.players,
        )

    def _together(self, players: tuple[Player, ...], begin_s: float = 0.0) -> tuple[float, bool]:
        waiting = [(begin_s, order, self._work(player)) for order, player in enumerate(players)]
        heapq.heapify(waiting)
        end_s = begin_s
        while waiting:
            at_s, order, steps = heapq.heappop(waiting)
            if at_s > self._wall_s or self._spent():
                return min(at_s, self._wall_s), True
            self.room.now_ms = int(at_s * 1000)
            took_s = next(steps, None)
            if took_s is None:
                end_s = max(end_s, at_s)
                continue
            heapq.heappush(waiting, (at_s + took_s, order, steps))
        return end_s, False

    def _spent(self) -> bool:
        used = sum(p.usage.input_tokens + p.usage.output_tokens for p in self.players)
        return self._tokens is not None and used > self._tokens

    def _roles(self) -> tuple[float, bool]:
        """Design, implement, review: the first says the contracts, the last looks at what the others have written."""
        at_s, out = 0.0, False
        for player in self.players:
            at_s, out = self._together((player,), at_s)
            if out:
                break
        return at_s, out

    def _work(self, player: Player) -> Steps:
        if self._condition.roles and player is self.players[0] and len(self.players) > 1:
            for _unit in self._task.units:
                yield self._step(player, said=player.hand.traits.says_tokens)
        elif self._condition.roles and player is self.players[-1] and len(self.players) > 2:
            yield from self._review(player)
        else:
            yield from self._units(player)
        self.room.ask(player.name, Leave(player.name, "ended its session"))

    def _review(self, player: Player) -> Steps:
        for unit in self._task.units:
            yield self._step(player)
            if self._task.is_shared:
                yield from self._mend_unit(player, unit)
                continue
            for path in unit.files:
                standing = self.room.read(player.name, path)
                wanted = self._task.reference.get(path)
                wrong = wanted is not None and self.room.text(standing) != wanted
                if wrong and wanted is not None and player.hand.happens(player.hand.traits.finds_own_fault):
                    yield self._step(player, wrote=wanted)
                    self.room.write(player.name, path, standing, wanted)

    def _units(self, player: Player) -> Steps:
        while True:
            # Nobody goes on, waits or leaves with news unread: a client's Stop hook holds it back for them.
            yield from self._mend(player)
            unit = self._choose(player)
            if unit is None:
                return
            if isinstance(unit, float):
                yield unit
                continue
            if player.hand.happens(player.hand.traits.gives_up):
                if self._condition.tools:
                    self.room.ask(player.name, ReturnTask("gave up", unit.id))
                return
            yield from (self._share(player, unit) if self._task.is_shared else self._do(player, unit))

    def _choose(self, player: Player) -> Unit | float | None:
        """The next unit, a time to wait, or None when there is nothing left for this agent."""
        if self._condition.tools:
            return self._from_board(player)
        missing = [unit for unit in self._task.units if not self._visible(player, unit)]
        if not missing:
            return None
        # Who was told of the others takes any part that is not there; who was not begins at the beginning.
        return player.hand.one_of(missing) if self._condition.prompted else missing[0]

    def _from_board(self, player: Player) -> Unit | float | None:
        answer = self.room.ask(player.name, TakeTask())
        if isinstance(answer, Taken):
            player.usage.answered(taken(self.room.state.tasks[answer.task]))
            return self._by_id[answer.task]
        player.usage.answered(Answer(refused=answer if isinstance(answer, Refused) else None))
        states = {task.state for task in self.room.state.tasks.values()}
        if not states & {TaskState.OPEN, TaskState.TAKEN}:
            return None
        self._step(player)
        player.usage.answered(Answer(data=room_in_brief(self.room.state, player.name, self.room.now_ms)))
        return IDLE_S

    def _visible(self, player: Player, unit: Unit) -> bool:
        """Whether somebody has done it, as far as this agent can see: its files are there, and not as they were."""
        if self._task.is_shared:
            return not self._task.changed(unit.id, self._seen(player, unit))
        line = self.room.line(player.name)
        return all(self.room.text(self.room.head(path, line)) != self._task.start.get(path) for path in unit.files)

    def _do(self, player: Player, unit: Unit) -> Steps:
        bases = {path: self.room.read(player.name, path) for path in unit.files}
        texts: dict[str, bytes] = {}
        for path in unit.files:
            texts[path] = self._drafted(player, unit, path)
            for _ in range(steps_of(texts[path], player.hand.traits)):
                yield self._step(player, wrote=texts[path][: len(texts[path]) // 4])
                yield from self._mend(player)
        for path, text in texts.items():
            yield from self._put(player, path, bases[path], text)
        yield self._step(player)
        if self._condition.tools:
            self._tell(player, unit)
            self.room.ask(player.name, FinishTask(f"{unit.title} is there", unit.id))

    def _drafted(self, player: Player, unit: Unit, path: str) -> bytes:
        """What it writes for a file: right, with a fault that it has not found, or on a wrong guess."""
        hand, traits = player.hand, player.hand.traits
        text = self._task.reference[path]
        unseen = [name for name in unit.after if not self._visible(player, self._by_id[name])]
        if unseen and hand.happens(traits.guesses_wrong):
            module = self._by_id[unseen[0]].files[0].rpartition("/")[2].removesuffix(".py")
            if other := guessed(text, module):
                hand.mistakes += 1
                player.wrong[path] = unseen[0]
                return other
        if hand.blunders():
            return hand.faulty(self._task, path, text) or text
        return text

    def _put(self, player: Player, path: str, base: FileVersion | None, text: bytes) -> Steps:
        player.usage.characters += len(text)
        while isinstance(answer := self.room.write(player.name, path, base, text), Refused):
            if answer.code not in {Code.WAIT, Code.STALE}:
                return
            yield IDLE_S
        yield from self._settle(player)

    def _settle(self, player: Player) -> Steps:
        """A held edit of its own, where it is told of it: takes what stands there, or combines both."""
        if not self._condition.tools:
            return
        for held in self.room.state.open_held(player.name):
            yield self._step(player)
            if player.hand.happens(0.5):
                self.room.ask(player.name, DropHeld(held.id, "the room's text does it"))
            else:
                standing = self.room.head(held.path, self.room.line(player.name))
                self.room.write(player.name, held.path, standing, self._task.reference[held.path], settles=held.id)

    def _share(self, player: Player, unit: Unit) -> Steps:
        """Work on files that others change as well: what it writes follows from what it has read."""
        bases, draft = self._look(player, unit)
        for _ in range(sum(steps_of(_fresh(bases, path, text), player.hand.traits) for path, text in draft.items())):
            yield self._step(player, wrote=b"x" * 100)
            if self._listen(player):
                yield from self._mend_done(player)
                if not player.hand.errs(player.hand.traits.misjudges):
                    bases, draft = self._look(player, unit)
        if player.hand.blunders():
            draft = {path: player.hand.faulty(self._task, path, text) or text for path, text in draft.items()}
        yield from self._put_all(player, unit, bases, draft)
        yield self._step(player)
        player.did.append(unit)
        if self._condition.tools:
            self._tell(player, unit)
            self.room.ask(player.name, FinishTask(f"{unit.title} is there", unit.id))

    def _seen(self, player: Player, unit: Unit) -> dict[str, bytes]:
        line = self.room.line(player.name)
        found = {path: self.room.text(self.room.head(path, line)) for path in (*unit.files, *unit.reads)}
        return {path: text for path, text in found.items() if text is not None}

    def _look(self, player: Player, unit: Unit) -> tuple[dict[str, FileVersion | None], dict[str, bytes]]:
        """Read what the unit goes by, and work out what it makes of that."""
        bases = {path: self.room.read(player.name, path) for path in (*unit.files, *unit.reads)}
        return bases, self._task.changed(unit.id, self._seen(player, unit))

    def _put_all(
        self, player: Player, unit: Unit, bases: dict[str, FileVersion | None], draft: dict[str, bytes]
    ) -> Steps:
        left = dict(draft)
        while left:
            path, text = next(iter(left.items()))
            answer = self.room.write(player.name, path, bases.get(path), text)
            if not isinstance(answer, Refused):
                player.usage.characters += len(_fresh(bases, path, text))
                del left[path]
            elif answer.code in {Code.WAIT, Code.STALE}:
                yield IDLE_S
                # What it was decided on may be another by now.
                bases, left = self._look(player, unit)
            else:
                return
        yield from self._settle_shared(player, unit)

    def _settle_shared(self, player: Player, unit: Unit) -> Steps:
        """A held edit of its own, where it is told of it: decides anew on what stands there."""
        if not self._condition.tools:
            return
        for held in self.room.state.open_held(player.name):
            yield self._step(player)
            _, draft = self._look(player, unit)
            standing = self.room.head(held.path, self.room.line(player.name))
            if held.path in draft:
                self.room.write(player.name, held.path, standing, draft[held.path], settles=held.id)
            else:
                self.room.ask(player.name, DropHeld(held.id, "the room's text does it"))

    def _mend_unit(self, player: Player, unit: Unit) -> Steps:
        bases, draft = self._look(player, unit)
        if draft and not player.hand.errs(player.hand.traits.misjudges):
            yield self._step(player)
            yield from self._put_all(player, unit, bases, draft)

    def _tell(self, player: Player, unit: Unit) -> None:
        """The interface, to those who hold work that builds on it; everybody else sees the file and the board."""
        for task in list(self.room.state.tasks.values()):
            if unit.id in task.after and task.state is TaskState.TAKEN and task.holder not in {None, player.name}:
                words = f"{unit.id} is there as its contract says: {', '.join(unit.files)}"
                self.room.ask(player.name, Say(kind=NoticeKind.CONTRACT, text=words, to=task.holder or HOST))

    def _mend(self, player: Player) -> Steps:
        """Read what came until nothing more does; where it concerns what it has done, or shows that a guess was wrong,
        put that right.
        """
        while self._listen(player):
            yield from self._mend_done(player)
            for path, unit in list(player.wrong.items()):
                if self._visible(player, self._by_id[unit]) and not player.hand.errs(player.hand.traits.misjudges):
                    standing = self.room.read(player.name, path)
                    if standing is None:
                        continue
                    yield self._step(player, wrote=self._task.reference[path])
                    self.room.write(player.name, path, standing, self._task.reference[path])
                    del player.wrong[path]

    def _mend_done(self, player: Player) -> Steps:
        for done in list(player.did):
            yield from self._mend_unit(player, done)

    def _listen(self, player: Player) -> bool:
        """Take what is unread into the context; only those with tools are told anything."""
        unread = self.room.news(player.name) if self._condition.tools else ()
        if not unread:
            return False
        player.usage.told(unread)
        self.room.ask(player.name, MarkRead(tuple(notice.id for notice in unread)))
        return True

    def _step(self, player: Player, wrote: bytes = b"", said: int = 0) -> float:
        usage = player.usage
        usage.steps += 1
        usage.input_tokens += player.hand.traits.prompt_tokens
        usage.output_tokens += 60 + said + tokens_of(wrote)
        return player.hand.step_s()

    def _united(self) -> dict[str, bytes]:
        """The tree that is scored: the shared line, or separate ones united file by file, the later wins."""
        tree = self.room.tree()
        if self._condition.shared and self._condition.policy != "isolated":
            return tree
        newest = dict.fromkeys(tree, 0)
        lines = [(name, self.room.state.files(name)) for name in (p.name for p in self.players) if name != SHARED_LINE]
        for line, files in lines:
            for path, version in files.items():
                if version.version > newest.get(path, -1):
                    newest[path] = version.version
                    tree[path] = self.room.tree(line)[path]
        return tree


def _fresh(bases: dict[str, FileVersion | None], path: str, text: bytes) -> bytes:
    """What is written of a file that is there: an agent that edits a large one writes the places that it changes."""
    base = bases.get(path)
    return text if base is None else text[: max(len(text) - base.size, 80)]
