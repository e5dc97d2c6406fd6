"""The shared files: what agents wrote, how it merges, and how it reaches every mirror's disk."""
