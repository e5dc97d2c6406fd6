"""Calls on live state under the seeded scheduler: agents that play programs over a network that delays, loses and
repeats, a host that dies between any two steps of any repair, and checkers that know nothing of the core.

The files are those of `simulate`: `world`, `steps`, `agents`, `host`, what a run leaves (`evidence`, read as a
`ledger`), `checkers`, `mutants`.
"""
