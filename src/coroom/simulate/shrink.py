"""Cut a failing schedule down to the steps that matter (delta debugging)."""

from collections.abc import Callable, Sequence

from coroom.simulate.steps import Step

TRIES_MAX = 2_000
"""A few seconds; what is not found by then is seldom found."""


def shrink(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> tuple[Step, ...]:
    """The shortest schedule found that still fails.

    Args:
        steps: a schedule that fails.
        fails: whether a schedule fails in the way that is looked for.

    Returns:
        A part of `steps` in the same order from which no single step can be left out, unless the tries ran out.
    """
    kept = tuple(steps)
    tries, size = 0, max(1, len(kept) // 2)
    while tries < TRIES_MAX:
        start, shorter = 0, False
        while start < len(kept) and tries < TRIES_MAX:
            candidate = kept[:start] + kept[start + size :]
            tries += 1
            if fails(candidate):
                kept, shorter = candidate, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return kept
