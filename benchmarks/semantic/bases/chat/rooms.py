from users import find
from wire import encode


class Room:
    def __init__(self, name):
        self.name = name
        self.topic = ""
        self.members = []
        self.history = []

    def join(self, nick):
        if nick not in self.members:
            self.members.append(nick)

    def part(self, nick):
        if nick in self.members:
            self.members.remove(nick)

    def say(self, nick, text, kind="SAY"):
        line = encode(kind, room=self.name, nick=nick, text=text)
        self.history.append(line)
        for member in self.members:
            user = find(member)
            if user is not None and member != nick:
                user.deliver(line)
        return line


_rooms = {}


def room(name):
    if name not in _rooms:
        _rooms[name] = Room(name)
    return _rooms[name]


def rooms_of(nick):
    return sorted(r.name for r in _rooms.values() if nick in r.members)


def close_all():
    _rooms.clear()
