"""Where the room's events are kept: one contract, several implementations."""
