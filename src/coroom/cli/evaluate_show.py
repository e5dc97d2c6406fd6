"""`coroom evaluate show`: a report and its trials' replays in a browser."""

from pathlib import Path

import click

from coroom.cli.place import WrongCallError
from coroom.evaluate.report.serve import listening, serve
from coroom.evaluate.report.write import replay_name, replay_page
from coroom.evaluate.results import Results, ResultsError


@click.command("show")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("trial", required=False)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Where to serve (default: any that is free).")
def show(folder: Path, trial: str | None, port: int) -> None:
    """Open an evaluation: its report, and the live page of any trial's room at every moment.

    FOLDER is what --out named. With TRIAL, a key as the report lists them, its replay is written as one file that opens
    anywhere, and its place is printed. Without, report and replays are served on this machine until Ctrl-C.

    \b
    coroom evaluate show coroom-evaluation
    coroom evaluate show coroom-evaluation six/pomodoro/full/2xsynthetic/0
    """  # noqa: D301  click wants the character itself
    kept = folder / "results.sqlite"
    if not kept.exists():
        raise WrongCallError(f"There is no evaluation in {folder}: it has no results.sqlite. Name what --out named.")
    try:
        results = Results(kept)
        if trial:
            click.echo(_written(results, folder, trial))
            return
    except ResultsError as problem:
        raise WrongCallError(f"{problem}.") from problem
    if not (folder / "report.html").exists():
        raise WrongCallError(f"{folder} has no report yet: run its coroom evaluate command again to its end.")
    results.close()
    try:
        on = listening(port)
    except OSError as problem:
        raise WrongCallError(
            f"Port {port} cannot be served on: {problem.strerror}. Name another with --port."
        ) from problem
    place = f"http://127.0.0.1:{on.getsockname()[1]}/"
    click.echo(f"The report: {place}\nEvery trial: {place}trials\nCtrl-C ends it.")
    serve(folder, on)


def _written(results: Results, folder: Path, trial: str) -> Path:
    page = replay_page(results, trial)
    if page is None:
        raise WrongCallError(f"No trial '{trial}' has ended in {folder}. Its report lists some.")
    target = folder / "replays" / replay_name(trial)
    target.parent.mkdir(exist_ok=True)
    target.write_text(page, encoding="utf-8")
    return target
