FUNCTIONS = {}


class UnknownFunction(KeyError):
    pass


def function(name):
    def deco(fn):
        FUNCTIONS[name] = fn
        return fn
    return deco


@function("SUM")
def total(values):
    return sum(values)


@function("MAX")
def largest(values):
    return max(values, default=0.0)


@function("AVG")
def average(values):
    return sum(values) / len(values) if values else 0.0


def call(name: str, values: list):
    if name not in FUNCTIONS:
        raise UnknownFunction(name)
    return FUNCTIONS[name](values)
