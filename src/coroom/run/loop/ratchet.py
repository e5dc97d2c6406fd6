"""The gate's test while the branch is not green yet: nothing may fail that did not fail before.

`python -m coroom.run.loop.ratchet --answers DIRECTORY COMMAND`, in a checkout. Runs COMMAND; when tests fail, those
that failed on the nearest known ancestor may fail still, and no other. What a commit that passes leaves failing is
written down, so that the next one is measured against it: the list only gets shorter, and once it is empty this is the
plain rule.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from coroom.git.command import Git, GitFailed
from coroom.run.loop.work import ALL, Failing, answer_file, failing_in, read_answer, write_answer

ANCESTORS_MAX = 200


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when nothing fails that did not fail before, else that of the command."""
    parser = argparse.ArgumentParser(prog="python -m coroom.run.loop.ratchet")
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("command")
    given = parser.parse_args(arguments)
    done = subprocess.run(
        ("/bin/sh", "-c", given.command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    text = done.stdout.decode("utf-8", "replace")
    sys.stdout.write(text)
    sys.stdout.flush()
    git = Git(Path.cwd())
    fails = () if done.returncode == 0 else failing_in(text) or (ALL,)
    known = _before(git, given.answers, given.command) if fails else None
    fresh = [one for one in fails if known is None or one not in known.ids]
    if fresh:
        sys.stdout.write(f"\nERROR fails now and did not before: {', '.join(fresh[:10])}\n" if known else "")
        return done.returncode
    head = git.line("rev-parse", "HEAD")
    answer = Failing(commit=head, passed=not fails, ids=tuple(fails), summary=f"{len(fails)} still fail")
    write_answer(answer_file(given.answers, head, given.command), answer)
    if fails:
        sys.stdout.write(f"\nOK: nothing new fails; {len(fails)} fail as before\n")
    return 0


def _before(git: Git, answers: Path, command: str) -> Failing | None:
    """What failed on the nearest commit that is known: this one, or one that it stands on."""
    try:
        commits = git.run("log", "--first-parent", "-n", str(ANCESTORS_MAX), "--format=%H").out.decode().split()
    except GitFailed:
        return None
    return next(filter(None, (read_answer(answer_file(answers, one, command)) for one in commits)), None)


def command_of(answers: Path, test: str) -> str:
    """The gate's command for that test. The same for every agent of a loop, since a verdict belongs to a command."""
    return shlex.join((sys.executable, "-P", "-m", "coroom.run.loop.ratchet", "--answers", str(answers), test))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
