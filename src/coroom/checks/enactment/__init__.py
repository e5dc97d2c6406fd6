"""Small programs acted out, without running them: interpreters that can reach nothing outside of themselves.

The check is `enact`: what a side newly wrote is acted out in two trees, in whichever language, and the two outcomes
are held together (`outcome`). A `play` is one way to call a function, `reach` tells which modules have to do with it,
`naming` has likely values for names, and a `budget` bounds them all; what is `kept` from one look to the next is
bounded, too. Python is in `python`, JavaScript and TypeScript are in `script`; each language acts, makes its plays and
tells its values.
"""
