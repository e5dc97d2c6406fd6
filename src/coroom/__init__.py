"""Coroom: several coding agents, one repository, nobody's work lost.

docs/reading.md takes you through the code in ten minutes. The floors, from below; a file knows only files of lower
floors and of its own folder:

- `core`: what is true, pure; `ports`: what it needs of the world; `processes`: work beside this process
- `syntax`: what programs say
- `log`, `workspace`, `git`, `checks`, `plan`, `launch`, `tools`: each knows one thing, and none knows another
- `host`: puts them together into a running room
- `mcp`, `hooks`, `web`: how one gets in; `agents`: who comes; `testing`: for tests, ours and others'
- `run`, `simulate`, `evaluate`: what is done with rooms
- `cli`: the commands; `__main__`: the first moment of each
"""

__version__ = "0.1.0"
