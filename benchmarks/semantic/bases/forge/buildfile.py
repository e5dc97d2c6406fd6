from graph import Graph
from targets import Target


def parse_rules(text):
    graph = Graph()
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, deps = line.partition(":")
        graph.add(Target(name.strip(), deps.split()))
    return graph
