"""The running room: command in, store, effects, reply. Everything that acts meets here.

- one room over one log: `host`, `clock`
- the door, one method a tool or hook: `caller` (who was proved to come), `door`, with `needs` (what it asks of the
  rest), `given` and `answer` (what comes in, what goes out), `overview` (where things stand), `delivery` with `receipt`
  (which notices ride along, and when they count as read), `replies` over `clean` (the one place that writes what agents
  read), `tool_list`, `errands`; two doors of the same form: `recorder` with `tapes`, and `silent`
- an edit on its way in and out again: `content`; `mirror` and `shadow` (what is known of one directory); `bridge` (its
  worker) over `looking`, `intake` with `bases` and `past`, `acceptance` with `judge`, then `files` and `placing`;
  `surroundings` (what bridges share); `workspace` (all of it, as the door uses it) with `admission`, `history`,
  `restoring`; `joining` and `radar` (lines under `isolated`); `documents` (live texts)
- a call on live state: `calls` (in the room) over `carry` (step by step), `reads` and `acting`, with `requests` and
  `outcomes`; tools from `tools_file`, from agents' processes (`brought`, `awaited`), and from the `library` and
  `smithy`
- landing: `parts` (what was accepted, task by task), `landing_commits`, `landing`, `ref_mover`, `landing_each`, tests
  in what `confined` says; for many clones the `gate` over `runners`
- checks and plans of a room: `consistency` (when it is looked) over `disagreements`, with `checking`, `written` and
  `contracts`, and over `findings` (what becomes of what was found); `planning`, `tasks_done`, `symbols`, `replanning`;
  `resolving` (what a language server is asked, and its answers) over `type_session`
- put together: `rooms`, `seat`, `served`
"""
