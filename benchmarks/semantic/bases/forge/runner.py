class Runner:
    def __init__(self, graph, observer=None):
        self.graph = graph
        self.observer = observer
        self.log = []

    def tell(self, event, target):
        hook = getattr(self.observer, "on_" + event, None)
        if hook is not None:
            hook(target)

    def plan(self, goal):
        steps = list(self.graph.order(goal))
        sources = [name for name in steps if not self.graph.get(name).deps]
        return {"goal": goal, "steps": steps, "sources": sources}

    def run(self, goal):
        for name in self.graph.order(goal):
            target = self.graph.get(name)
            self.tell("start", target)
            target.perform()
            self.log.append(name)
            self.tell("done", target)
        return list(self.log)


def explain(plan):
    return "%s: %d steps, from %s" % (
        plan["goal"],
        len(plan["steps"]),
        ", ".join(plan["sources"]),
    )
