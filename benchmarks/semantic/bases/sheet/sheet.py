from formula import parse_formula
from functions import call
from refs import expand, split_ref


class Sheet:
    def __init__(self, title=""):
        self.title = title
        self._raw = {}

    def put(self, ref, content):
        split_ref(ref)
        if content == "":
            self._raw.pop(ref, None)
        else:
            self._raw[ref] = content

    def raw(self, ref: str) -> str:
        return self._raw.get(ref, "")

    def used(self):
        return sorted(self._raw, key=split_ref)

    def value(self, ref: str):
        text = self.raw(ref)
        if text == "":
            return None
        if text.startswith("="):
            return self._compute(text)
        try:
            return float(text)
        except ValueError:
            return text

    def _compute(self, text):
        result = 0.0
        for sign, atom in parse_formula(text):
            result += sign * self._atom(atom)
        return result

    def _atom(self, atom):
        if atom[0] == "num":
            return atom[1]
        if atom[0] == "ref":
            return self.value(atom[1]) or 0.0
        _, name, first, last = atom
        values = [self.value(ref) for ref in expand(first, last)]
        return call(name, [v for v in values if isinstance(v, float)])
