"""The words for agents, apart from what starts them, which is slow to import."""

KINDS = "claude, codex, opencode, gemini, builtin, tape:FILE or command:'PROGRAM … {prompt}'"
TAPE, COMMAND, BUILTIN = "tape:", "command:", "builtin"
