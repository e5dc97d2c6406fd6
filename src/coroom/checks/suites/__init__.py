"""The repository's own tests: how they are called, which come first, how they are run and judged.

`command` (how a repository is tested), `suite` (one run, bounded), `affected` (what a change may touch, to run first)
and `sample` (an agent's share when it must not run all); `check` is the check of four trees that runs both sides'
tests.
"""
