"""Scripted programs of agents on live state, played through the real policies, carrier of calls and undo."""
