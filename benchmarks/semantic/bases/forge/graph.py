class UnknownTarget(Exception):
    pass


class CycleError(Exception):
    pass


class Graph:
    def __init__(self):
        self._targets = {}

    def add(self, target):
        self._targets[target.name] = target
        return self

    def get(self, name):
        if name not in self._targets:
            raise UnknownTarget(name)
        return self._targets[name]

    def names(self):
        return sorted(self._targets)

    def order(self, goal):
        done = []
        active = []

        def visit(name):
            if name in done:
                return
            if name in active:
                raise CycleError(" -> ".join(active + [name]))
            active.append(name)
            for dep in self.get(name).deps:
                visit(dep)
            active.pop()
            done.append(name)

        visit(goal)
        return done


def edge_count(graph):
    return sum(len(graph.get(name).deps) for name in graph.names())
