"""The room's answers to the hooks of agent CLIs: before a tool, after a tool, at start and at stop."""
