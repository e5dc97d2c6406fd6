"""Agents of other makers in a room, and those that ship with it.

- the port: `adapter` (what to start, how to read what it prints), and one file a client: `claude_code`, `codex` with
  `codex_usage`, `opencode`, `gemini`, `command_line` (any other), `builtin`; `price` and `budget`
- inside a client: `hook_client` (its hooks run that), `setup` with `setup_clients` and `jsonc` (its configuration)
- programs of our own at the same door: `room_client`, `room_claims`, `scripted` (plays tapes); the built-in agent:
  `loop` with `hands`, `context` and a model of `models`
- who uses a model otherwise: `outliner` (splits a task), `toolsmith` (makes tools); `role_files` (roles as Markdown)
- `frameworks`: LangGraph and others
"""
