"""Whether a room helps, when, and why: suites with hidden tests, conditions, trials, scores, statistics, a report."""
