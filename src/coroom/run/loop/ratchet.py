"""The gate's rule while the branch is not green yet: nothing may fail that did not fail before.

When tests fail, those that failed on the nearest known ancestor may fail still, and no other. What a commit that passes
leaves failing is written down, so that the next one is measured against it: the list only gets shorter, and once it is
empty this is the plain rule. It is applied to what the tests printed, outside of what they run in.
"""

from dataclasses import dataclass
from pathlib import Path

from coroom.git.command import Git, GitFailed
from coroom.host.landing.runners import Ruling
from coroom.run.loop.failing import ALL, Failing, answer_file, failing_in, read_answer, write_answer

ANCESTORS_MAX = 200
SHOWN_MAX = 10


@dataclass(frozen=True, slots=True)
class Ratchet:
    """Implements `Rule`. `answers` is where it is kept what fails on which commit by the command `test`."""

    answers: Path
    test: str
    name: str = "nothing fails that did not fail before"

    def judge(self, git: Git, commit: str, output: str, *, passed: bool, whole: bool) -> Ruling:
        """See `Rule`. Raises OSError when the answer cannot be written."""
        fails = () if passed else failing_in(output) or (ALL,)
        known = self._before(git, commit) if fails else None
        fresh = [one for one in fails if known is None or one not in known.ids]
        if fresh:
            said = f"ERROR fails now and did not before: {', '.join(fresh[:SHOWN_MAX])}" if known else ""
            return Ruling(passed=False, said=said)
        if whole:
            answer = Failing(commit=commit, passed=not fails, ids=tuple(fails), summary=f"{len(fails)} still fail")
            write_answer(answer_file(self.answers, commit, self.test), answer)
        return Ruling(passed=True, said=f"nothing new fails; {len(fails)} fail as before" if fails else "")

    def _before(self, git: Git, commit: str) -> Failing | None:
        """What failed on the nearest commit that is known: this one, or one that it stands on."""
        words = ("log", "--first-parent", "-n", str(ANCESTORS_MAX), "--format=%H", commit)
        try:
            commits = git.run(*words).out.decode().split()
        except GitFailed:
            return None
        return next(filter(None, (read_answer(answer_file(self.answers, one, self.test)) for one in commits)), None)
