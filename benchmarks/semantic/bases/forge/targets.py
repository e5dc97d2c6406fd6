class Target:
    def __init__(self, name, deps=(), action=None, source=""):
        self.name = name
        self.deps = list(deps)
        self.action = action
        self.source = source

    def perform(self):
        if self.action is not None:
            self.action()

    def __repr__(self):
        return "<Target %s>" % self.name
