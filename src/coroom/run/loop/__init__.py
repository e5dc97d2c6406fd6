"""Fresh sessions: agents that orient themselves, claim one thing, work on it, land it, and begin anew."""
