"""The exit code of what a person has stopped. Imports nothing: it is needed before anything else is there."""

STOPPED = 130
"""What shells expect of a command that Ctrl-C has ended; 1 would say that it has found something."""
