"""The one act by which a landing moves a branch, safe to ask for again after any crash."""

import asyncio

from coroom.core import command as c
from coroom.core.action import Action
from coroom.git.command import Git, GitFailed
from coroom.git.commits import Moved, is_ancestor, move_ref, read_ref


class RefMover:
    """Performs the action `land`: one compare-and-swap on a branch, safe to ask for again after any crash."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def perform(self, action: Action) -> c.FinishAction:
        """Move the branch from where it was when the landing was decided (`undo`) to the tested commit."""
        return await asyncio.to_thread(self._move, action)

    async def probe(self, action: Action) -> c.FinishAction:
        """Where the branch stands tells how the action ended; one that had not begun is carried out now.

        To take it back would not be safe: a git that outlived the killed host may still be about to move the branch.
        """
        return await asyncio.to_thread(self._probe, action)

    def _move(self, action: Action) -> c.FinishAction:
        branch, commit, *_ = action.arguments.split("\n")
        try:
            moved = move_ref(self._git, f"refs/heads/{branch}", commit, action.undo)
        except (GitFailed, OSError) as failed:
            return c.FinishAction(action=action.id, ending="failed", result=str(failed))
        if isinstance(moved, Moved):
            return c.FinishAction(action=action.id, ending="finished", result=commit)
        return c.FinishAction(action=action.id, ending="failed", result=moved.why)

    def _probe(self, action: Action) -> c.FinishAction:
        branch, commit, *_ = action.arguments.split("\n")
        try:
            stands_at = read_ref(self._git, f"refs/heads/{branch}")
            if stands_at and is_ancestor(self._git, commit, stands_at):
                return c.FinishAction(action=action.id, ending="finished", result=commit)
        except (GitFailed, OSError) as failed:
            return c.FinishAction(action=action.id, ending="failed", result=str(failed))
        return self._move(action)
