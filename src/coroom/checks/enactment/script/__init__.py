"""Small programs in JavaScript and TypeScript acted out, without running them; types are read, and then ignored.

The tree of a file becomes closures, once (`reading` says how): `expressions`, `asking` (members, calls, objects),
`patterns`, `statements`, `flowing` (those of generators), `functions`, `classes`, and a whole module in `program`.
What they work with: `values`, `numbers` and their texts, and `access` (properties, conversions, equality), which
`machine` makes an interpreter of: modules, calls, `new`, promises. What scripts find by name is in `library`, with
`arrays`, `texts`, `regular` (patterns), `written` (JSON), `moments` (dates) and `promises`.

What a function is called with: `declared` (types), `uses` (what it does with its parameters), `recipes` (how a value is
made in a tree that is ready, a `stage`), `inputs`, `plays`. One call is acted out in `acting`, and `taking` takes down
what it came to.
"""
