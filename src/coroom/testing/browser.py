"""A headless Chromium driven over its debugging pipe: no driver program, no port, no further package."""

import asyncio
import base64
import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from coroom.processes.groups import kill_group

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_ANSWER_S = 20.0
_UNTIL = """new Promise((done) => {
  const end = performance.now() + WITHIN_MS;
  const look = () => {
    if (CONDITION) done(true);
    else if (performance.now() > end) done(false);
    else setTimeout(look, 15);
  };
  look();
})"""
_MIDDLE = """(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  await frame();
  const element = document.querySelector(SELECTOR);
  element.scrollIntoView({ block: "center" });
  const box = element.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()"""
_KEY_CODES = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


@asynccontextmanager
async def served(application: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve on a port of 127.0.0.1 (0: a free one) in the running loop, where the host is. Yields the address."""
    listener = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(application, log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listener]))  # noqa: SLF001  serve() would take the signals over
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await running
        listener.close()


class Chromium:
    """A browser with an empty profile of its own, ended by `close`."""

    def __init__(
        self, pid: int, profile: str, into: int, out_of: asyncio.StreamReader, pipe: asyncio.BaseTransport
    ) -> None:
        self._pid = pid
        self._profile = profile
        self._into = into
        self._out_of = out_of
        self._pipe = pipe
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tabs: dict[str, Tab] = {}
        self._number = 0
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, program: str) -> "Chromium":
        """Start `program`, a Chromium of any kind."""
        profile = tempfile.mkdtemp(prefix="coroom-chromium-")
        down_read, down_write = _high_pipe()
        up_read, up_write = _high_pipe()
        wiring = (
            (os.POSIX_SPAWN_DUP2, down_read, 3),
            (os.POSIX_SPAWN_DUP2, up_write, 4),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        )
        command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        pid = _spawn(program, command, wiring)
        os.close(down_read)
        os.close(up_write)
        reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(up_read, "rb")
        )
        return cls(pid, profile, down_write, reader, pipe)

    async def tab(self, width: int, height: int, *, dark: bool = False) -> "Tab":
        """A new tab with a viewport of that many CSS pixels."""
        target = await self.ask("Target.createTarget", url="about:blank")
        session = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        tab = Tab(self, session["sessionId"])
        self._tabs[session["sessionId"]] = tab
        for domain in ("Page", "Runtime", "Log"):
            await tab.ask(f"{domain}.enable")
        await tab.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await tab.ask("Emulation.setEmulatedMedia", features=scheme)
        await tab.ask("Emulation.setTimezoneOverride", timezoneId="UTC")
        return tab

    async def ask(self, method: str, session: str = "", **parameters: object) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answer = asyncio.get_running_loop().create_future()
        self._asked[self._number] = answer
        os.write(self._into, json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(_ANSWER_S):
            result: dict[str, Any] = await answer
        return result

    async def close(self) -> None:
        """End the browser and everything it left."""
        self._reading.cancel()
        kill_group(self._pid)
        await asyncio.to_thread(os.waitpid, self._pid, 0)
        os.close(self._into)
        self._pipe.close()
        await asyncio.to_thread(shutil.rmtree, self._profile, ignore_errors=True)

    async def _read(self) -> None:
        while True:
            message = json.loads((await self._out_of.readuntil(b"\0"))[:-1])
            asked = self._asked.pop(message.get("id", 0), None)
            if asked and not asked.done():
                if "error" in message:
                    asked.set_exception(RuntimeError(message["error"]["message"]))
                else:
                    asked.set_result(message["result"])
            elif message.get("sessionId") in self._tabs:
                self._tabs[message["sessionId"]].hear(message["method"], message["params"])


class Tab:
    """One page. `complaints` are its console errors, uncaught exceptions and dialogs, which nobody should see."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """See `Chromium.ask`, for this tab."""
        return await self._browser.ask(method, self._session, **parameters)

    async def open(self, url: str) -> None:
        """Go there and wait until it has loaded."""
        self._loaded.clear()
        await self.ask("Page.navigate", url=url)
        async with asyncio.timeout(_ANSWER_S):
            await self._loaded.wait()

    async def run(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited when it is a promise."""
        found = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"])[:500])
        return found["result"].get("value")

    async def until(self, condition: str, within_s: float = 10.0) -> None:
        """Wait until a JavaScript expression holds, looked at every 15 ms; TimeoutError names it when it does not."""
        waiting = _UNTIL.replace("CONDITION", condition).replace("WITHIN_MS", str(int(within_s * 1_000)))
        if not await self.run(waiting):
            raise TimeoutError(condition)

    async def press(self, key: str) -> None:
        """A real key stroke."""
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        code = _KEY_CODES.get(key, ord(key.upper()) if len(key) == 1 and key.isalnum() else 0)
        common = {"key": key, "windowsVirtualKeyCode": code}
        await self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    async def write(self, text: str) -> None:
        """Text into what has the focus, as a keyboard or paste brings it."""
        await self.ask("Input.insertText", text=text)

    async def click(self, selector: str) -> None:
        """A real click into the middle of the first element that matches."""
        place = await self.run(_MIDDLE.replace("SELECTOR", json.dumps(selector)))
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    async def picture(self, *, whole: bool = False) -> bytes:
        """A PNG of the viewport, or of the whole page."""
        found = await self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def hear(self, method: str, parameters: dict[str, Any]) -> None:
        """Take an event of the protocol."""
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"].get("exception", parameters))[:400])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            if "net::ERR_" not in entry["text"]:  # A server that went away is no fault of the page.
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and parameters["type"] == "error":
            self.complaints.append(str(parameters["args"])[:400])
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {parameters['message']}")


def _spawn(
    program: str, command: list[str], wiring: tuple[tuple[int, ...] | tuple[int, int, str, int, int], ...]
) -> int:
    return os.posix_spawn(program, command, os.environ, file_actions=wiring, setsid=True)


def _high_pipe() -> tuple[int, int]:
    """A pipe whose ends are above the descriptors that the browser expects, and that no other child inherits."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
