import hashlib


def digest(text):
    return hashlib.sha1(text.encode()).hexdigest()


class Stamps:
    def __init__(self):
        self._seen = {}

    def fresh(self, name, text):
        return self._seen.get(name) == digest(text)

    def mark(self, name, text):
        self._seen[name] = digest(text)
