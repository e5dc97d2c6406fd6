"""The running room: command in, store, effects, reply. Everything that acts meets here."""
