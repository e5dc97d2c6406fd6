from rooms import room

_commands = {}


def command(name):
    def deco(fn):
        _commands[name] = fn
        return fn
    return deco


def run(user, line):
    if not line.startswith("/"):
        return "not a command"
    word, _, rest = line[1:].partition(" ")
    handler = _commands.get(word)
    if handler is None:
        return "unknown command: " + word
    return handler(user, rest)


@command("join")
def join(user, rest):
    room(rest).join(user.nick)
    return "joined " + rest


@command("say")
def say(user, rest):
    name, _, text = rest.partition(" ")
    room(name).say(user.nick, text)
    return "ok"


@command("away")
def away(user, rest):
    user.away = rest != "off"
    return "away" if user.away else "back"
