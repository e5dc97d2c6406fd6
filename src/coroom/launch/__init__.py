"""How an agent's process is started: plainly, in bubblewrap, or in a container; what holds is said, never assumed."""
