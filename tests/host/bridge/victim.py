"""A host that is killed or stopped: told "go" on standard input it forks a child that serves the room until it dies.

The child says "serving" when it does, and why when a mirror must be scanned whole.

Run as a program: victim.py REPOSITORY MIRRORS AGENT…
"""

import asyncio
import os
import sys
from pathlib import Path

from coroom.git.repository import Repository, inspect
from coroom.host.edits import workspace
from coroom.host.edits.bridge import Bridge
from coroom.host.rooms import Room, RoomPlan
from coroom.workspace.hints import Changed, Gone, Moved, Rescan


class SayingBridge(Bridge):
    """Says why it scans."""

    def _note(self, hint: Changed | Gone | Moved | Rescan) -> None:
        if isinstance(hint, Rescan):
            say(hint.reason.value)
        super()._note(hint)


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


async def serve(repository: Path, mirrors: Path, agents: list[str]) -> None:
    found = inspect(repository)
    assert isinstance(found, Repository)
    room = await Room.open(found, RoomPlan(mirrors=mirrors, test="true"))
    assert isinstance(room, Room)
    for agent in agents:
        if room.workspace.directory_of(agent) is None:
            await room.admit(agent)
    say("serving")
    await asyncio.Event().wait()


def main() -> None:
    repository, mirrors, *agents = sys.argv[1:]
    setattr(workspace, "Bridge", SayingBridge)  # noqa: B010  it is imported there, not exported
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(serve(Path(repository), Path(mirrors), agents))
        say(str(child))
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
