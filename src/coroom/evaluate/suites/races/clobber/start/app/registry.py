HANDLERS = {
    "ping": "handle_ping",
}
COUNT = 1
