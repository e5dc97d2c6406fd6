"""Serves a report on this machine, with the replay of every trial behind its link, made when somebody follows it."""

import html
import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from coroom.evaluate.report.write import replay_name, replay_page
from coroom.evaluate.results import Results

PAGE = 500
"""Trials listed on one page."""


def application(folder: Path) -> Starlette:
    """The report at `/`, every trial at `/trials`, a replay at `/replays/NAME`."""
    results = Results(folder / "results.sqlite", elsewhere=True)
    keys = {replay_name(str(one.key)): (str(one.key), one.score, one.seconds) for one in results.all()}

    def report(_request: Request) -> Response:
        text = (folder / "report.html").read_text(encoding="utf-8")
        return HTMLResponse(text.replace("<nav>", '<nav><a href="/trials">every trial</a>', 1))

    def trials(request: Request) -> Response:
        text = request.query_params.get("from", "0")
        begin = max(0, int(text)) if text.isdecimal() else 0
        shown = list(keys.items())[begin : begin + PAGE]
        lines = "".join(
            f'<tr><td><a href="/replays/{html.escape(name)}">{html.escape(key)}</a><td>{score:.2f}<td>{seconds:.0f} s'
            for name, (key, score, seconds) in shown
        )
        more = f'<p><a href="/trials?from={begin + PAGE}">more</a>' if begin + PAGE < len(keys) else ""
        return HTMLResponse(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Trials</title>'
            f'<body style="font: 15px system-ui; margin: 2rem"><p><a href="/">The report</a>'
            f"<h1>{len(keys):,} trials</h1><table>{lines}</table>{more}"
        )

    def replay(request: Request) -> Response:
        known = keys.get(request.path_params["name"])
        page = replay_page(results, known[0]) if known else None
        if page is None:
            return HTMLResponse("There is no such trial here, or it has no log.", 404)
        return HTMLResponse(page)

    routes = [
        Route("/", report),
        Route("/report.html", report),
        Route("/trials", trials),
        Route("/replays/{name}", replay),
    ]
    return Starlette(routes=routes)


def listening(port: int) -> socket.socket:
    """A socket on this machine only; `port` 0 is any that is free.

    Raises:
        OSError: the port is taken.
    """
    found = socket.create_server(("127.0.0.1", port))
    found.set_inheritable(True)
    return found


def serve(folder: Path, on: socket.socket) -> None:
    """Serve until interrupted."""
    config = uvicorn.Config(application(folder), log_level="warning")
    uvicorn.Server(config).run(sockets=[on])
