"""`coroom bench room`: what a room costs, measured through its own door, with the daemon in a process of its own."""
