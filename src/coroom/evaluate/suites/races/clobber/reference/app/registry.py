HANDLERS = {
    "count": "handle_count",
    "drop": "handle_drop",
    "get": "handle_get",
    "list": "handle_list",
    "ping": "handle_ping",
    "put": "handle_put",
}
COUNT = 6
