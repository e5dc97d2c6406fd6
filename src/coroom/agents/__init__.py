"""Agents of other makers: how each is started in a room, what it prints, how it is configured."""
