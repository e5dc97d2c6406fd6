"""`pytest --fast`: a plugin that runs what failed last, what this checkout's changes affect, and a share of its own.

It is loaded by every pytest of an environment with Coroom in it, so until it is asked for it does nothing, imports
nothing, and takes no option away from a project that has a `--fast` of its own (`--coroom-fast` is always there).
"""

import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coroom.checks.suites.sample import Share

SHARE_VARIABLE = "COROOM_SHARD"
"""The agent's number from 0 and of how many: 3/16."""

EPOCH_VARIABLE = "COROOM_EPOCH"
"""Whatever changes when the tests shall be dealt anew; by default the day."""

PART = 0.1
CAP_S = 60.0
LOG = "fast.log"
DURATIONS = "coroom/durations"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that no project has."""
    group = parser.getgroup("coroom", "a fast sample of the tests (Coroom)")
    group.addoption("--coroom-fast", action="store_true", help="As --fast, where the project has a --fast of its own.")
    group.addoption("--fast-part", type=float, default=PART, help="The share of all tests, 0 to 1 (default: 0.1).")
    group.addoption("--fast-cap", type=float, default=CAP_S, help="Seconds by earlier measures (default: 60).")
    group.addoption("--fast-base", default="", help="Changes since where HEAD left this are affected (default: main).")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, None, None]:
    """Offer `--fast` once the project has said what options it has."""
    yield
    try:
        group = parser.getgroup("coroom")
        group.addoption(
            "--fast", action="store_true", help="What failed last, what is affected, and this agent's share."
        )
    except ValueError:
        return


def pytest_configure(config: pytest.Config) -> None:
    """Come to life only when asked."""
    asked = config.getoption("coroom_fast", default=False) or _own_option(config)
    if asked and not config.getoption("help", default=False):
        config.pluginmanager.register(_Fast(config), "coroom-fast-run")


def _own_option(config: pytest.Config) -> bool:
    """Whether `--fast` was given and is ours: a project's own has another help."""
    given = config.getoption("fast", default=False)
    return given is True and _is_ours(config)


def _is_ours(config: pytest.Config) -> bool:
    groups = [*config._parser._groups, config._parser._anonymous]  # noqa: SLF001  pytest has no public way to ask
    for group in groups:
        if group.name == "coroom":
            return any("--fast" in option.names() for option in group.options)
    return False


class _Fast:
    """One run with a sample."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._began = time.monotonic()
        self._told = ""
        self._seconds: dict[str, float] = {}
        self._failures: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the sample, in the order that tells most first."""
        from coroom.checks.suites.sample import sample  # noqa: PLC0415  nothing is loaded before it is asked for

        share = share_of(config.getoption("fast_part"))
        cache = config.cache
        failed = set(cache.get("cache/lastfailed", {})) if cache else set()
        known = dict(cache.get(DURATIONS, {})) if cache else {}
        files = _affected(Path(config.rootpath), str(config.getoption("fast_base")))
        by_id = {item.nodeid: item for item in items}
        chosen = sample(
            list(by_id),
            share,
            failed=[name for name in by_id if name in failed],
            affected=[name for name in by_id if name.partition("::")[0] in files],
            seconds=known,
            cap_s=config.getoption("fast_cap"),
        )
        kept = set(chosen.tests)
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in kept])
        items[:] = [by_id[name] for name in chosen.tests]
        mine = f"{chosen.shard} of shard {share.agent}/{share.agents}"
        reasons = f"{chosen.failed} failed last, {chosen.affected} affected, {mine}"
        over = f", {chosen.left_out} left out for time" if chosen.left_out else ""
        self._told = f"{len(kept)} of {len(by_id)} tests ({reasons}{over})"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Measure, and keep what went wrong."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self._failures.append(f"ERROR {report.nodeid} ({report.when})\n{report.longreprtext}\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line, and where all of it is."""
        spent = time.monotonic() - self._began
        where = self._written()
        told = self._told or "the sample of each worker"
        line = f"fast: {told}, {len(self._failures)} failed, {spent:.1f} s{where}"
        terminalreporter.write_line(line)

    def _written(self) -> str:
        cache = self._config.cache
        if cache is None or hasattr(self._config, "workerinput"):
            return ""
        known = dict(cache.get(DURATIONS, {}))
        known.update((name, round(seconds, 4)) for name, seconds in self._seconds.items())
        cache.set(DURATIONS, known)
        log = Path(cache.mkdir("coroom")) / LOG
        log.write_text("\n".join(self._failures) or "nothing failed\n", encoding="utf-8")
        return f"; all of it: {log}"


def share_of(part: float) -> "Share":
    """This agent's share, as its environment says; alone, the only one there is.

    Raises:
        pytest.UsageError: the environment or the part makes no sense.
    """
    from coroom.checks.suites.sample import Share  # noqa: PLC0415

    said = os.environ.get(SHARE_VARIABLE, "0/1")
    number, _, of = said.partition("/")
    if not (number.isdigit() and of.isdigit() and int(number) < int(of)):
        raise pytest.UsageError(f"{SHARE_VARIABLE} is '{said}'; it is a number from 0 and of how many, like 3/16.")
    if not 0 < part <= 1:
        raise pytest.UsageError(f"--fast-part is {part}; it is a share of all tests, above 0 and up to 1.")
    epoch = os.environ.get(EPOCH_VARIABLE) or time.strftime("%Y-%m-%d", time.gmtime())
    return Share(agent=int(number), agents=int(of), part=part, epoch=epoch)


def _affected(root: Path, base: str) -> set[str]:
    """The test files that the checkout's changes may have broken; none where git cannot say."""
    from coroom.checks.suites.affected import affected_tests  # noqa: PLC0415
    from coroom.git.changed import changed_here  # noqa: PLC0415

    return set(affected_tests(root, changed_here(root, base)))
