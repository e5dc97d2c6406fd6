"""The statistics of a report, each by SciPy or statsmodels; what is chosen here is which, and what is said of it.

Both are imported by what uses them: they take one or two seconds.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Table = tuple[tuple[int, int], tuple[int, int]]
"""Two arms by two outcomes: ((events, others) of the first arm, (events, others) of the second)."""

RESAMPLES = 2_000
"""Of a bootstrap: the ends of a 95 % interval move by about a hundredth of its width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and its 95 % interval; NaN where the data do not allow one."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonOdds:
    """Cochran, Mantel and Haenszel over strata: the common odds ratio, whether it is 1 (`p`), and whether the strata
    agree (`p_homogeneity`, Breslow and Day with Tarone's correction; NaN with one stratum or an empty margin).
    """

    odds: Interval
    p: float
    p_homogeneity: float
    strata: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two samples of a metric: first minus second. `g` is Hedges' g, `delta` Cliff's; `p_spread` compares the
    variances (Brown and Forsythe); `trials_needed` an arm would find this `g` at 80 % power, alpha 0.05.
    """

    n: tuple[int, int]
    difference: Interval
    p: float
    p_ranks: float
    p_spread: float
    g: float
    delta: float
    trials_needed: int | None
    power: float


def common_odds(tables: Sequence[Table]) -> CommonOdds:
    """The common odds ratio of stratified two-by-two tables. Strata with an empty margin say nothing and are left out.

    Raises:
        ValueError: no stratum says anything.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable  # noqa: PLC0415

    useful = [t for t in tables if all(sum(row) for row in t) and all(a + b for a, b in zip(*t, strict=True))]
    if not useful:
        message = "no stratum has both arms and both outcomes"
        raise ValueError(message)
    found = StratifiedTable([np.asarray(t, dtype=float) for t in useful])
    with np.errstate(divide="ignore", invalid="ignore"):  # an arm without any event: the ratio is 0 or infinite
        low, high = found.oddsratio_pooled_confint()
        agree = float(found.test_equal_odds(adjust=True).pvalue) if len(useful) > 1 else math.nan
        return CommonOdds(
            odds=Interval(value=float(found.oddsratio_pooled), low=float(low), high=float(high)),
            p=float(found.test_null_odds(correction=True).pvalue),
            p_homogeneity=agree,
            strata=len(useful),
        )


def crude_odds(tables: Sequence[Table]) -> float:
    """The odds ratio of all strata thrown together; beside the common one it shows what they confound."""
    (a, b), (c, d) = np.sum([np.asarray(t) for t in tables], axis=0)
    return float(a * d / (b * c)) if b * c else math.inf


def share(events: int, trials: int) -> Interval:
    """A proportion with Wilson's interval; NaN without trials."""
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415

    if not trials:
        return Interval(value=math.nan, low=math.nan, high=math.nan)
    low, high = proportion_confint(events, trials, method="wilson")
    return Interval(value=events / trials, low=float(low), high=float(high))


def mean(values: Sequence[float], seed: int = 0) -> Interval:
    """A mean with a bootstrap interval (percentiles; the same for the same seed)."""
    from scipy import stats  # noqa: PLC0415

    if not values:
        return Interval(value=math.nan, low=math.nan, high=math.nan)
    centre = float(np.mean(values))
    if len(values) < 2 or np.ptp(values) == 0:
        return Interval(value=centre, low=centre, high=centre)
    chance = np.random.default_rng(seed)
    found = stats.bootstrap((np.asarray(values),), np.mean, n_resamples=RESAMPLES, method="percentile", rng=chance)
    low, high = found.confidence_interval
    return Interval(value=centre, low=float(low), high=float(high))


def contrast(first: Sequence[float], second: Sequence[float]) -> Contrast:
    """Two independent samples: Welch's interval and test, ranks (Mann and Whitney), spread, effect sizes, power.

    Raises:
        ValueError: a sample has fewer than two values.
    """
    from scipy import stats  # noqa: PLC0415

    if min(len(first), len(second)) < 2:
        message = "a contrast needs two values on each side"
        raise ValueError(message)
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    difference = float(a.mean() - b.mean())
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        same = difference == 0
        certain = Interval(value=difference, low=difference, high=difference)
        return _contrast(a, b, certain, 1.0 if same else 0.0, 1.0, 0.0 if same else math.copysign(math.inf, difference))
    with warnings.catch_warnings():
        # SciPy warns of lost precision whenever one sample is constant, where nothing is lost.
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        welch = stats.ttest_ind(a, b, equal_var=False)
    low, high = welch.confidence_interval()
    with np.errstate(divide="ignore", invalid="ignore"):  # each sample all on two values: infinitely sure, or unsure
        spread = float(stats.levene(a, b, center="median").pvalue)
    return _contrast(a, b, Interval(value=difference, low=float(low), high=float(high)), welch.pvalue, spread, _g(a, b))


def _contrast(
    a: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    b: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    difference: Interval,
    p: float,
    p_spread: float,
    g: float,
) -> Contrast:
    from scipy import stats  # noqa: PLC0415

    greater = stats.mannwhitneyu(a, b)
    usable = math.isfinite(g) and g != 0
    return Contrast(
        n=(len(a), len(b)),
        difference=difference,
        p=float(p),
        p_ranks=float(greater.pvalue) if np.ptp(np.concatenate([a, b])) else 1.0,
        p_spread=p_spread,
        g=g,
        delta=float(2 * greater.statistic / (len(a) * len(b)) - 1),
        trials_needed=trials_needed(g) if usable else None,
        power=power(g, len(a), len(b)) if usable else math.nan,
    )


def _g(a: "np.ndarray[tuple[int], np.dtype[np.float64]]", b: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    """Hedges' g: the difference in pooled standard deviations, corrected for small samples."""
    n = len(a) + len(b)
    pooled = math.sqrt(((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (n - 2))
    return float((a.mean() - b.mean()) / pooled * (1 - 3 / (4 * n - 9))) if pooled else 0.0


def paired(first: Sequence[float], second: Sequence[float]) -> tuple[Interval, float, float]:
    """Pairs that belong together: the mean difference with its t interval, and the p of Student's and Wilcoxon's tests.

    Raises:
        ValueError: fewer than two pairs, or unequally many on both sides.
    """
    from scipy import stats  # noqa: PLC0415

    if len(first) != len(second) or len(first) < 2:
        message = "paired samples are equally long and have two pairs at least"
        raise ValueError(message)
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    centre = float(differences.mean())
    if np.ptp(differences) == 0:
        p = 1.0 if centre == 0 else 0.0
        return Interval(value=centre, low=centre, high=centre), p, p
    student = stats.ttest_1samp(differences, 0.0)
    low, high = student.confidence_interval()
    ranks = stats.wilcoxon(differences)
    return Interval(value=centre, low=float(low), high=float(high)), float(student.pvalue), float(ranks.pvalue)


def corrected(ps: Sequence[float]) -> list[float]:
    """Holm's correction of several p-values; NaN stays NaN and counts as no test."""
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    known = [p for p in ps if not math.isnan(p)]
    if not known:
        return list(ps)
    fixed = iter(multipletests(known, method="holm")[1])
    return [p if math.isnan(p) else float(next(fixed)) for p in ps]


def trials_needed(g: float, power_wanted: float = 0.8, alpha: float = 0.05) -> int | None:
    """Trials an arm that find a difference of `g` standard deviations with that power (two-sided t test); two at least,
    None where the difference is too small for any number that could be said.
    """
    from statsmodels.stats.power import TTestIndPower  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says so when there is no such number
        found: float = TTestIndPower().solve_power(effect_size=abs(g), power=power_wanted, alpha=alpha)
    if math.isfinite(found):
        return max(math.ceil(found), 2)
    # Beyond six standard deviations it would be fewer than two, which no test can compare.
    return 2 if abs(g) > 1 else None


def trials_needed_for_shares(first: float, second: float, power_wanted: float = 0.8, alpha: float = 0.05) -> int:
    """Trials an arm that tell two proportions apart with that power."""
    from statsmodels.stats.power import NormalIndPower  # noqa: PLC0415
    from statsmodels.stats.proportion import proportion_effectsize  # noqa: PLC0415

    size = abs(proportion_effectsize(first, second))
    found: float = NormalIndPower().solve_power(effect_size=size, power=power_wanted, alpha=alpha)
    return math.ceil(found)


def power(g: float, first: int, second: int, alpha: float = 0.05) -> float:
    """The chance that samples of these sizes would have shown a difference of `g` standard deviations."""
    from statsmodels.stats.power import TTestIndPower  # noqa: PLC0415

    return float(TTestIndPower().power(effect_size=abs(g), nobs1=first, ratio=second / first, alpha=alpha))


def detectable(trials: int, power_wanted: float = 0.8, alpha: float = 0.05) -> float:
    """The difference, in standard deviations, that so many trials an arm show with that power; NaN below two."""
    from statsmodels.stats.power import TTestIndPower  # noqa: PLC0415

    if trials < 2:
        return math.nan
    return float(TTestIndPower().solve_power(nobs1=trials, power=power_wanted, alpha=alpha))
