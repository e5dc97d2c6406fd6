import re

ATOM = re.compile(r"([A-Z]+)\(([A-Z]+\d+):([A-Z]+\d+)\)|([A-Z]+\d+)|(\d+(?:\.\d+)?)")


class FormulaError(Exception):
    def __init__(self, text: str, pos: int):
        super().__init__("%s at %d" % (text, pos))
        self.pos = pos


def parse_formula(text: str):
    terms = []
    pos, sign = 1, 1
    while pos < len(text):
        m = ATOM.match(text, pos)
        if m is None:
            raise FormulaError(text, pos)
        name, first, last, ref, num = m.groups()
        if name:
            terms.append((sign, ("call", name, first, last)))
        elif ref:
            terms.append((sign, ("ref", ref)))
        else:
            terms.append((sign, ("num", float(num))))
        pos = m.end()
        if pos < len(text):
            sign = -1 if text[pos] == "-" else 1
            pos += 1
    return terms
