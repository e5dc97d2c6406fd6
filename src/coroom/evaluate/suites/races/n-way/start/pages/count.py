"""How many routes there are."""

COUNT = 0
