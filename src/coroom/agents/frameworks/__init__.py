"""Agent frameworks in a room: a thin layer for each, over the same door as every other client (docs/frameworks.md).

Nothing is imported before it is asked for: each module needs the extra of its framework.
"""
