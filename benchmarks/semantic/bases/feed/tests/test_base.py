from alerts import Above, AlertDesk
from board import Board
from source import ScriptedSource, drain
from ticks import BadTick, Tick, parse_tick
from window import Window
assert parse_tick("ACME;2.5;10;7\n") == Tick("ACME", 2.5, 10.0, 7)
try:
    parse_tick("ACME;x;1")
    raise SystemExit("accepted")
except BadTick:
    pass
b = Board()
seen = []
b.on_update(lambda t: seen.append(t.symbol))
assert drain(ScriptedSource(["A;1;1", "B;2;2", "A;3;3"]), b) == 3
assert b.price("A") == 3.0 and b.price("Z") is None
assert b.symbols() == ["A", "B"] and seen == ["A", "B", "A"]
w = Window(2)
for p in (1.0, 2.0, 4.0):
    w.push(p)
assert w.mean() == 3.0 and w.swing() == 2.0 and len(w) == 2
desk = AlertDesk()
desk.watch("high", Above("A", 2.0))
assert desk.check(Tick("A", 3.0, 1.0)) == ["high"]
