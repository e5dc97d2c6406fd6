"""What judges a tree, or four of them: base, both sides, and what they became together. docs/checks.md tells what is
found.

- the frame: `finding`, `engine` (a check is a small plug-in), `sides` (the four trees, and what each side changed),
  `program` (one tree), `builtin` (the checks that come with Coroom)
- what is known of a program, on `syntax.terms`: `shapes` (what values can be) with `abilities`, `raising`, `reading`
  (what functions give and fields hold), then a walk through a function: `checker` over `asking`, with `expressions`,
  `operators`, `calls`, `fitting`, `narrowing`, `declared`
- checks of one tree: `alone`
- checks of four: `together` (calls, attributes, types), `elsewhere` (Go, Rust, Java), and behaviour that no type tells:
  `uses` (where one side uses what the other changed) with `results`, `results_values`, `results_effects`,
  `results_refusals`; `families`, `holdings`, `concerns`, `constants`, `doubled`; words: `wording`, `spelling`;
  `enactment`
- checks that start programs: `types` (the project's type checker), `suite_check` (the project's tests)
- the repository's own tests, which landings rest on as well: `suite_command`, `suite`, `affected`, `sample`
- `stored_outputs`: published data, for measuring the checks
"""
