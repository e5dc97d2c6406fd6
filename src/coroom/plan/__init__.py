"""What can be done side by side: an index of symbols, coupling of tasks, and lanes."""
