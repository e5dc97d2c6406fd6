"""Tools that act on state outside the room: each implements `ports.Tool`, so that a call can be put in order and
undone.

- what they stand on: `journal` (what each call did), `kept` (a tool as one room uses it), `naming` (footprints from
  templates), `json_text`, `contents`
- kinds: `files`; `sql` over `sql_schema`, `sql_values`, `sql_sqlite` and `sql_postgres`; `kubernetes` over
  `kubernetes_client`; `shell` over `sandbox`, `sandbox_inside` and `trace`; any MCP server by `proxy`; typed functions
  by `declaration`, `signature` and `registry`, also those that another process has (`brought`)
- trust: `probe` (is an undo an undo, is a footprint all that is touched), `trials`, and what sees it: `observers`,
  `python_observer`, `postgres_observer`, `kubernetes_observer`, `http_observer`
- made in the room: `recipe` (a tool as data), `smith` (who has them made and tried)
"""
