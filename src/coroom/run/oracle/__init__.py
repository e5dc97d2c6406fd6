"""Oracle bisect: which parts of a candidate make the whole fail, when a reference builds the rest. `search` says which
subset to try next and is pure; `runs` builds and tests them.
"""
