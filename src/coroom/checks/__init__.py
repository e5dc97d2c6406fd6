"""What judges a tree, or four of them: base, both sides, and what they became together. docs/checks.md tells what is
found.

- the frame: `finding`, `engine` (a check is a small plug-in), `sides` (the four trees, and what each side changed),
  `program` (one tree), `builtin` (the checks that come with Coroom)
- `inference`: what is known of the values in a program, on `syntax.terms`
- checks of one tree: `alone`
- checks of four: `together` (calls, attributes, types), `rebound` (names that both sides bind), `elsewhere` (Go, Rust,
  Java), `behaviour` (what no type tells), `enactment` (what is new is acted out); words: `wording`, `spelling`,
  `dangling` (two ends that do not meet)
- checks that start programs: `types` (the project's type checker), and in `suites` the project's tests, on which
  landings rest as well
- `stored_outputs`: published data, for measuring the checks
"""
