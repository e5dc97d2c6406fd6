"""The serial order of calls on live state (MTPO, of the CoAgent paper): how the end is as if agents had run one after
another in order of rank.

Pure questions over an `Order`, which is the part of the state that knows calls; docs/ordering.md has the rules. Read:
`position` (where a call stands), `call` (what is known of calls, and their states), `life` (how a call moves through
them), `trajectory` (who writes on what, and what a reader there sees), `repair_plan` (what is undone and put back for a
late write), `premises` (who relied on what has changed) with `difference` (how that is said), `recorded` (what a reader
can be given without a look), `gate` (when a call that cannot be taken back may act, and what is final), and `standing`
(what is noted of an agent). `index` finds calls without looking at all of them.
"""
