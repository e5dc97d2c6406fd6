from buildfile import parse_rules
from graph import CycleError, edge_count
from runner import Runner, explain
from stamps import Stamps
from targets import Target
g = parse_rules("app: main.o util.o  # the program\nmain.o:\nutil.o:\n")
assert list(g.order("app")) == ["main.o", "util.o", "app"] and edge_count(g) == 2
seen = []
g.add(Target("doc", ["app"], lambda: seen.append("doc")))
r = Runner(g)
assert r.run("doc") == ["main.o", "util.o", "app", "doc"] and seen == ["doc"]
assert explain(r.plan("app")) == "app: 3 steps, from main.o, util.o"
g.add(Target("main.o", ["app"]))
try:
    g.order("app").index("app")
    raise SystemExit("cycle not seen")
except CycleError as err:
    assert str(err) == "app -> main.o -> app"
s = Stamps()
s.mark("x", "one")
assert s.fresh("x", "one") and not s.fresh("x", "two")
