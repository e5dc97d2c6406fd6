"""Every promise the project makes, by its id.

`docs/promises.md` says the same to users; `test_promises.py` keeps the two and the marked tests together, both ways.
"""

PROMISES = {
    "log:durable": "What was answered survives a kill at any instant, and nothing acts before its start is stored.",
    "log:prefix": "Recovery gives a gap-free prefix of the log, and from it the state that was, to the byte.",
    "log:readable-forever": "Every event reads back from its text, and events of an older version are understood.",
    "log:detect": "A flipped bit or a torn record is detected, never served.",
    "call:once": "A call that is repeated with its operation id is carried out once and answered the same.",
    "claim:exclusive": "No two agents ever hold incompatible claims on overlapping resources.",
    "claim:fenced": "Fences only grow; who lost its claim is refused where another holds it, however late it comes.",
    "claim:released": "A dead agent's claims are free once their lease ran out; who waits is told, first come first.",
    "task:one-holder": "A task has at most one holder, and only its holder finishes it.",
    "doc:converges": "At rest every mirror holds the text that the log says.",
    "doc:nothing-lost": "Accepted text stays until somebody means to remove it; what is not accepted is held.",
    "doc:exact": "An edit that names old text applies where that stands once, or is refused; never elsewhere.",
    "notice:delivered": "Each notice reaches each of its readers at least once, across restarts of either side.",
    "main:green": "Nothing lands without a passing verdict for exactly its tree, or while an edit is held.",
    "check:runs-nothing": "What the checks act out reaches nothing outside, and ends in bounded steps and memory.",
    "check:not-by-its-mender": "What a check found is closed when it passes, never by one who had a hand in it.",
    "git:sound": "After a crash the repository is sound: no stale lock, nobody's commit lost.",
    "door:authentic": "Nothing changes without a valid secret; a void or foreign one is not heard.",
    "voice:labelled": "What one agent reads of another is marked with its author and kind, and fenced.",
    "voice:powerless": "No text of a message can cause a privileged event.",
    "room:bounded": "Memory, log and replies stay within `limits.py`, whatever anybody sends.",
    "room:confined": "No argument of any tool reaches a path outside the workspace or inside `.git`.",
    "undo:inverse": "Undo restores exactly what was, and never overwrites what somebody outside changed meanwhile.",
    "run:serializable": "Under preorder the end equals running the actions in rank order.",
    "run:no-upward-leak": "Nobody sees anything of a higher rank under preorder.",
    "sim:reproducible": "The same version and seed give the same log, whatever the machine.",
}

LATER: dict[str, str] = {}
"""Promises of what is not there yet, with the part of the project that brings them."""
