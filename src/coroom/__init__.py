"""Coroom: several coding agents, one repository, nobody's work lost."""

__version__ = "0.1.0"
