import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.evaluate.statistics import (
    common_odds,
    contrast,
    corrected,
    crude_odds,
    mean,
    paired,
    power,
    share,
    trials_needed,
    trials_needed_for_shares,
)

BERKELEY = [
    ((512, 313), (89, 19)),
    ((353, 207), (17, 8)),
    ((120, 205), (202, 391)),
    ((138, 279), (131, 244)),
    ((53, 138), (94, 299)),
    ((22, 351), (24, 317)),
]
"""Admissions at Berkeley in 1973 by department: admitted and rejected, men and women (R's UCBAdmissions)."""

ABANDONED_T4 = [((12, 23), (1, 16)), ((9, 8), (2, 19)), ((6, 27), (0, 17))]
"""Abandoned and not, solo and room, on AgentRoom's T4 by model (Haiku, GPT-5.4, Sonnet): the strata that are public."""

OTHERS = [
    ((0, 0), (1, 11)),
    ((1, 7), (0, 1)),
    ((1, 0), (0, 0)),
    ((1, 0), (0, 2)),
    ((6, 2), (0, 0)),
    ((0, 3), (0, 1)),
    ((1, 1), (1, 6)),
    ((3, 9), (0, 15)),
    ((0, 11), (0, 1)),
]
"""One of the ways in which the nine strata that are not public may have held what is left of the public totals."""

SLEEP = ([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
"""Student's hours of sleep gained by ten people with two drugs (R's sleep); the p-values below are R's."""

SCORES = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


def test_the_common_odds_ratio_of_berkeley_is_the_published_one() -> None:
    found = common_odds(BERKELEY)
    assert found.odds.value == pytest.approx(0.9046968, abs=1e-6)
    assert found.odds.low == pytest.approx(0.7719, abs=1e-3)
    assert found.odds.high == pytest.approx(1.0603, abs=1e-3)
    assert found.p == pytest.approx(0.2323, abs=1e-3)
    assert found.p_homogeneity == pytest.approx(0.0021, abs=1e-3)
    assert crude_odds(BERKELEY) == pytest.approx(1.841, abs=1e-3)


def test_the_public_counts_of_abandonment_give_the_published_crude_ratio() -> None:
    assert crude_odds([((40, 91), (5, 89))]) == pytest.approx(7.8, abs=0.05)


def test_on_the_public_strata_a_lone_agent_abandons_more_often_whatever_the_model() -> None:
    found = common_odds(ABANDONED_T4)
    assert found.strata == 3
    assert found.odds.low > 1
    assert found.odds.low < 13.7 < found.odds.high
    assert found.p_homogeneity > 0.5


def test_the_published_common_odds_ratio_is_one_that_the_public_totals_allow() -> None:
    # Of 131 lone agents and 94 rooms the strata above hold 85 and 55; the published 13.7 [3.9, 48] (p below 1e-5,
    # homogeneity 0.92) needs the other nine, which are not public. This is no recomputation: other splits give others.
    every = [*ABANDONED_T4, *OTHERS]
    assert [sum(cell) for cell in zip(*((*first, *second) for first, second in every), strict=True)] == [40, 91, 5, 89]
    found = common_odds(every)
    assert str(found.odds) == "13.7 [3.9, 48.1]"
    assert found.p < 1e-5
    assert found.p_homogeneity == pytest.approx(0.92, abs=0.01)
    assert common_odds([*ABANDONED_T4, ((13, 33), (2, 37))]).odds.value < 10


def test_a_stratum_that_says_nothing_changes_nothing() -> None:
    assert common_odds([*BERKELEY, ((0, 0), (3, 4)), ((0, 5), (0, 7))]) == common_odds(BERKELEY)
    with pytest.raises(ValueError, match="no stratum"):
        common_odds([((0, 5), (0, 7))])


def test_a_published_welch_test_comes_out() -> None:
    # The rooms of AgentRoom's ladder: 0.669 (sd 0.140, n 14) against 0.544 (0.222, 32): p 0.027.
    first = _sample(0.669, 0.140, 14)
    second = _sample(0.544, 0.222, 32)
    found = contrast(first, second)
    assert found.difference.value == pytest.approx(0.125)
    assert found.p == pytest.approx(0.027, abs=0.002)
    assert found.difference.low < 0.125 < found.difference.high
    assert 0 < found.g < 1
    assert found.trials_needed == trials_needed(found.g)


def test_the_published_number_of_runs_for_the_ladders_last_step_comes_out() -> None:
    # 0.081 at standard deviations 0.140 and 0.188 needs about 66 runs an arm; the pooled one gives it.
    size = 0.081 / math.sqrt((0.140**2 + 0.188**2) / 2)
    assert trials_needed(size) == pytest.approx(66, abs=1)
    assert power(size, 66, 66) == pytest.approx(0.8, abs=0.01)


def test_textbook_powers_come_out() -> None:
    assert trials_needed(0.5) == 64
    assert trials_needed(0.8) == 26
    assert trials_needed_for_shares(0.5, 0.25) == pytest.approx(57, abs=3)


def test_differences_beyond_all_measure_need_two_trials_or_more_than_can_be_said() -> None:
    assert [trials_needed(g) for g in (12.0, 50.0, -50.0)] == [2, 2, 2]
    assert all(needed is None or needed > 1_000_000 for needed in map(trials_needed, (1e-3, 1e-5, 1e-9)))
    found = contrast([1.0, 1.0, 1.0 + 1e-9], [0.0, 0.0, 1e-9])
    assert found.trials_needed == 2


def test_wilsons_interval_is_the_textbooks() -> None:
    found = share(5, 94)
    assert found.value == pytest.approx(0.0532, abs=1e-4)
    assert found.low == pytest.approx(0.0229, abs=1e-3)
    assert found.high == pytest.approx(0.1186, abs=1e-3)
    assert math.isnan(share(0, 0).value)


def test_holms_correction_is_the_textbooks() -> None:
    assert corrected([0.01, 0.04, math.nan, 0.03]) == [
        pytest.approx(0.03),
        pytest.approx(0.06),
        pytest.approx(math.nan, nan_ok=True),
        pytest.approx(0.06),
    ]


def test_pairs_are_compared_pair_by_pair() -> None:
    found, student, ranks = paired([1.0, 2.0, 3.0, 4.0, 5.5], [0.5, 1.4, 2.6, 3.3, 4.6])
    assert found.value == pytest.approx(0.62)
    assert student < 0.01
    assert ranks == pytest.approx(0.0625)
    with pytest.raises(ValueError, match="paired"):
        paired([1.0], [1.0, 2.0])


def test_students_sleep_comes_out_pair_by_pair() -> None:
    found, student, ranks = paired(*SLEEP)
    assert (found.value, found.low, found.high) == pytest.approx((-1.58, -2.4598858, -0.7001142), abs=1e-6)
    assert student == pytest.approx(0.002833, abs=1e-6)
    # All nine pairs with a difference go one way.
    assert ranks == 2 / 2**9


def test_students_sleep_comes_out_unpaired_in_means_ranks_spread_and_sizes() -> None:
    from statsmodels.stats.meta_analysis import effectsize_smd  # noqa: PLC0415 - slow, and every worker reads this file
    from statsmodels.stats.oneway import test_scale_oneway as scale_oneway  # noqa: PLC0415

    found = contrast(*SLEEP)
    assert (found.difference.low, found.difference.high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-6)
    assert found.p == pytest.approx(0.07939, abs=1e-5)
    assert found.p_ranks == pytest.approx(0.06933, abs=1e-5)
    # W is 25.5 of a hundred pairs.
    assert found.delta == pytest.approx(2 * 25.5 / 100 - 1)
    assert found.p_spread == pytest.approx(scale_oneway(SLEEP, method="equal", center="median").pvalue)
    means, deviations = zip(*((np.mean(one), np.std(one, ddof=1)) for one in SLEEP), strict=True)
    assert found.g == pytest.approx(effectsize_smd(means[0], deviations[0], 10, means[1], deviations[1], 10)[0])


def test_a_bootstraps_interval_of_a_long_sample_is_students() -> None:
    from scipy import stats  # noqa: PLC0415 - slow, and every worker reads this file
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415

    values = list(np.random.default_rng(5).normal(0.6, 0.2, 400))
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    found = mean(values)
    assert (found.low, found.high) == pytest.approx((low, high), abs=(high - low) * 0.06)
    assert (share(5, 94).low, share(5, 94).high) == pytest.approx(proportion_confint(5, 94, method="wilson"))


def test_samples_without_spread_are_told_apart_without_dividing_by_it() -> None:
    assert contrast([1.0, 1.0], [1.0, 1.0]).p == 1.0
    assert contrast([1.0, 1.0], [0.0, 0.0]).p == 0.0
    with pytest.raises(ValueError, match="two values"):
        contrast([1.0], [1.0, 2.0])


@given(st.lists(SCORES, min_size=2, max_size=30))
def test_a_mean_lies_in_its_interval_and_is_the_same_again(values: list[float]) -> None:
    found = mean(values)
    assert found.low <= found.value + 1e-9
    assert found.value <= found.high + 1e-9
    assert mean(values) == found


@given(st.lists(SCORES, min_size=2, max_size=12), st.lists(SCORES, min_size=2, max_size=12))
def test_turning_a_contrast_round_turns_its_signs(first: list[float], second: list[float]) -> None:
    one, other = contrast(first, second), contrast(second, first)
    assert one.p == pytest.approx(other.p, abs=1e-6)
    assert one.difference.value == pytest.approx(-other.difference.value)
    assert one.delta == pytest.approx(-other.delta)


def _sample(centre: float, deviation: float, n: int) -> list[float]:
    """n values of exactly that mean and standard deviation."""
    raw = [float(k) for k in range(n)]
    middle = sum(raw) / n
    scale = math.sqrt(sum((x - middle) ** 2 for x in raw) / (n - 1))
    return [centre + (x - middle) / scale * deviation for x in raw]
