class NickTaken(Exception):
    pass


class User:
    def __init__(self, nick):
        self.nick = nick
        self.away = False
        self.inbox = []

    def deliver(self, line):
        self.inbox.append(line)


_online = {}


def sign_on(nick):
    if nick in _online:
        raise NickTaken(nick)
    user = User(nick)
    _online[nick] = user
    return user


def find(nick):
    return _online.get(nick)


def sign_off(nick):
    _online.pop(nick, None)


def everyone():
    return [_online[nick] for nick in sorted(_online)]


def reset():
    _online.clear()
