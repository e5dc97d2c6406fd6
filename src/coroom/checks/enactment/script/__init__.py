"""Small programs in JavaScript and TypeScript acted out, without running them; types are read, and then ignored.

The tree of a file becomes closures, once (`reading` says how): `expressions` with `operators`, `asking` (members,
calls, objects), `patterns`, `statements`, `loops`, `flowing` (statements of generators), `functions`, `classes`, and a
whole module in `program`.
What they work with: `values`, `numbers` and their texts, and `access` (properties, conversions, equality), which
`machine` makes an interpreter of: modules, calls, `new`, promises. What scripts find by name is in `library`, with
`objects`, `arrays`, `bags` (maps and sets), `texts`, `calculating`, `regular` (patterns), `written` (JSON), `moments`
(dates) and `promises`; what they find only where they run is in `elsewhere`.

What a function is called with: `declared` (types), `uses` (what it does with its parameters), `recipes` (how a value is
made in a tree that is ready, a `stage`), `making` (objects of the program's classes), `inputs`, `plays`. One call is
acted out in `acting`, and `taking` takes down what it came to.
"""
