"""How an agent's process is started: plainly, in bubblewrap, or in a container; what holds is said, never assumed.

`isolation` has the words and the port, `choose` gives what was asked for: `plain`, `bubblewrap` or `container`. Beside
them: `bounds` (memory and processes), `readable` (what a program needs to see), `doors` and `inside` (the only ways
out), `model_proxy` (a model without its key), `leftover` (processes that outlived a run).
"""
