"""False alarms: what the checks say of merges that git makes again by itself and that nobody mended."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from coroom.checks.engine import judge
from coroom.checks.finding import Finding
from coroom.git.command import Git
from coroom.host.checks.checking import branches_in, everyday_checks
from coroom.run.bench.figures import Spread, machine, versions
from coroom.syntax import grammar_of, is_test


@dataclass(frozen=True, slots=True)
class Alarm:
    """What was said of a merge, by the commit's name."""

    merge: str
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class MergeReport:
    """How many merges were judged, and of which something was said."""

    judged: int = 0
    alarms: list[Alarm] = field(default_factory=list)
    ms: Spread | None = None

    @property
    def blocking(self) -> int:
        """The merges that a room would not have let land."""
        return sum(any(found.blocks for found in each.findings) for each in self.alarms)

    def document(self) -> dict[str, object]:
        """All of it, for machines."""
        said = {each.merge: [f"{one.path}:{one.line}: {one.kind}: {one.message}" for one in each.findings]
                for each in self.alarms}  # fmt: skip
        counts = {"judged": self.judged, "alarms": len(self.alarms), "blocking": self.blocking}
        about = {"machine": machine(), "versions": versions()}
        return {**about, **counts, "said": said, "ms": self.ms and self.ms.document()}


def judge_merges(git: Git, most: int, told: Callable[[int, int], None]) -> MergeReport:
    """Judge the last merges of a history, newest first.

    Only merges count in which both sides changed source code other than tests, which git makes again without a
    conflict, and whose commit has the very tree that git makes: nobody mended anything while merging. A finding may
    still be right; its reader decides.

    Args:
        git: the repository; the history of its HEAD.
        most: no more merges than that.
        told: is told (judged, most).
    """
    report = MergeReport()
    times: list[float] = []
    for merge, one, other in _clean(git):
        both = branches_in(git, one, other)
        began = time.process_time()
        findings = judge(both.four, everyday_checks()).findings
        times.append((time.process_time() - began) * 1_000)
        report.judged += 1
        if findings:
            report.alarms.append(Alarm(merge, findings))
        told(report.judged, most)
        if report.judged == most:
            break
    report.ms = Spread.of(times) if times else None
    return report


def _clean(git: Git) -> Iterator[tuple[str, str, str]]:
    """Each merge that counts, and its two parents."""
    for line in git.run("log", "--merges", "--format=%H %T %P", "HEAD").out.decode().splitlines():
        merge, tree, *parents = line.split()
        if len(parents) != 2:
            continue
        made = git.run("merge-tree", "--write-tree", "--no-messages", *parents, expect=(0, 1, 128))
        if made.code or made.out.decode().strip() != tree:
            continue
        base = git.line("merge-base", *parents)
        if all(_changes_source(git, base, each) for each in parents):
            yield merge, parents[0], parents[1]


def _changes_source(git: Git, base: str, side: str) -> bool:
    names = git.run("diff", "--name-only", "-z", base, side).out.decode(errors="surrogateescape").split("\0")
    return any(grammar_of(name) is not None and not is_test(name) for name in names if name)
