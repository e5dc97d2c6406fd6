"""Whether a room helps, when, and why: suites with hidden tests, conditions, trials, scores, statistics, a report.

- what is asked: `suite` (by name or folder), `eval_task` (a task of files), `cooperbench` and `yours` (other people's);
  the shipped tasks are data in `suites`
- under what: `conditions`; a `trial` is one task under one condition with so many agents
- who works: real agents in `real`; `synthetic` ones, whose luck is drawn
- what it was worth: `grading` over `hidden_tests` (or `commands`), `metrics`, `conduct`, all folds over a room's log
- many of them: `campaign`, kept in `results`; then `statistics` and the `report`
- `live`: tasks on rows and cluster objects; `rescore`: published data judged again
"""
