"""Small Python programs acted out, without running them: an interpreter that can reach nothing outside of itself.

The check is `enact`: what a side newly wrote is acted out in two trees, and `compare` says whether it came to the same.
The interpreter, from below: `values` and `things` (what programs work with), `kinds` (classes), `native` (what may be
done with Python's own values), then one class in three layers: `attributes`, `expressions`, `machine` (statements,
modules), over one `tree`. What it finds under known names: `built_in`, and `library` with `declaring` and `calling`.
What a function is called with: `uses` (what it says of its parameters), `recipes` (how a value is made), `inputs`,
`plays`.
"""
