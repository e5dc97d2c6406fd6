import rooms
import users
from commands import run
from wire import decode, encode
users.reset()
rooms.close_all()
ann = users.sign_on("ann")
bob = users.sign_on("bob")
assert run(ann, "/join lobby") == "joined lobby"
assert run(bob, "/join lobby") == "joined lobby"
assert run(ann, "/say lobby good day") == "ok"
assert bob.inbox == ["SAY nick=ann room=lobby text=good%20day"] and ann.inbox == []
assert decode(encode("SAY", text="a=b c")) == ("SAY", {"text": "a=b c"})
assert run(ann, "/fly") == "unknown command: fly"
assert run(ann, "/away") == "away" and run(ann, "/away off") == "back"
rooms.room("lobby").part("bob")
assert rooms.rooms_of("ann") == ["lobby"] and rooms.rooms_of("bob") == []
try:
    users.sign_on("ann")
    raise SystemExit("nick given twice")
except users.NickTaken:
    pass
assert [u.nick for u in users.everyone()] == ["ann", "bob"]
