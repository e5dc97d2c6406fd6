"""`coroom evaluate power`: how many trials a contrast needs, before they are paid for."""

import json

import click

from coroom.cli.place import WrongCallError
from coroom.evaluate.statistics import detectable, trials_needed, trials_needed_for_shares


@click.command("power")
@click.option("--difference", type=click.FloatRange(0, min_open=True), help="Of two mean scores, as 0.08.")
@click.option(
    "--sd", type=click.FloatRange(0, min_open=True), default=0.2, show_default=True, help="Of scores in a cell."
)
@click.option("--shares", nargs=2, type=click.FloatRange(0, 1), help="Two shares of trials instead, as 0.3 0.05.")
@click.option("--trials", type=click.IntRange(2), help="Instead: what so many trials a cell would show.")
@click.option(
    "--power", "wanted", type=click.FloatRange(0.05, 0.999), default=0.8, show_default=True, help="Chance to see it."
)
@click.option("--json", "as_document", is_flag=True, help="Print one JSON document.")
def power(
    difference: float | None,
    sd: float,
    shares: tuple[float, float] | None,
    trials: int | None,
    wanted: float,
    as_document: bool,
) -> None:
    """Say how many trials a cell a contrast needs (two-sided, 5 %), or what a number of trials can show.

    \b
    coroom evaluate power --difference 0.081 --sd 0.166     the published ladder's last step
    coroom evaluate power --shares 0.3 0.05                 abandonment
    coroom evaluate power --trials 10                       the smallest difference that ten a cell show
    """  # noqa: D301  click wants the character itself
    asked = [one for one in (difference, shares, trials) if one]
    if len(asked) != 1:
        raise WrongCallError("Name one of --difference, --shares and --trials.")
    if shares and shares[0] == shares[1]:
        raise WrongCallError("The two shares are equal: no number of trials tells them apart.")
    if trials:
        size = detectable(trials, wanted)
        words = (
            f"{trials} trials a cell show {size:.2f} standard deviations: a difference of {size * sd:.3g} at sd {sd:g}."
        )
        document = {"trials": trials, "standard_deviations": size, "difference": size * sd, "power": wanted}
    else:
        needed = (
            trials_needed_for_shares(*shares, wanted) if shares else trials_needed((difference or 0.0) / sd, wanted)
        )
        if needed is None:
            raise WrongCallError(f"A difference of {difference:g} at sd {sd:g} is too small for any number of trials.")
        words = f"{needed} trials a cell, for a chance of {wanted:.0%} to see it."
        document = {"trials": needed, "power": wanted}
    click.echo(json.dumps(document) if as_document else words)
