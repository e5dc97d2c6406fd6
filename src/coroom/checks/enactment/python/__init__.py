"""Small programs in Python acted out, without running them.

The interpreter, from below: `values` and `things` (what programs work with), `kinds` (classes), `bounds` (what stays
small), `native` (what may be done with Python's own values), then one class in layers: `attributes`, `functions`,
`expressions`, `machine` (statements, modules; `patterns` of `match`), over one `tree`. What it finds under known names:
`built_in`, and `library` with `declaring`, `calling`, `iterating`, `writing` (texts, rows, paths) and `sharing` (locks,
queues, contexts, chance). What a function is called with: `uses` (what it says of its parameters), `recipes` (how a
value is made), `inputs`, `plays`. `stories` are plays of which much happens before: a `world` of objects is made,
filled and changed by calls that are tried, with the words of a `vocabulary`. One call is acted out in `acting`, and
`compare` takes down what it came to.
"""
