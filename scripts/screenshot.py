"""Takes the picture of the live page in docs/images: a sample room in a headless Chromium, the same each time.

Run it with .venv/bin/python scripts/screenshot.py; --dark and --width show the other looks, --to writes elsewhere.
"""

import argparse
import asyncio
import subprocess
from pathlib import Path

from starlette.applications import Starlette

from coroom.testing.browser import Chromium, served
from coroom.testing.sample_room import sample_room
from coroom.web.app import ByOperatorSecret, address, routes

ROOT = Path(__file__).parents[1]
KEY = "sample"


async def take(program: str, width: int, height: int, *, dark: bool) -> bytes:
    """The picture of the sample room's page as PNG; `height` 0 is as high as the page is."""
    room = await sample_room()
    application = Starlette(routes=routes(ByOperatorSecret(room.host, "shop", KEY)))
    browser = await Chromium.start(program)
    try:
        async with served(application) as url:
            tab = await browser.tab(width, height or 900, dark=dark)
            await tab.open(address(url, KEY))
            await tab.until("document.querySelectorAll('#roster tr[data-agent]').length > 0")
            if not height:
                height = await tab.run("document.documentElement.scrollHeight")
                await tab.ask(
                    "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
                )
            await tab.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            return await tab.picture()
    finally:
        await browser.close()
        await room.host.close()


def main() -> None:
    """Read the arguments and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "images" / "live-page.png")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1120, help="0: the whole page")
    parser.add_argument("--dark", action="store_true")
    given = parser.parse_args()
    found = subprocess.run([ROOT / "scripts" / "chromium.sh"], capture_output=True, text=True, check=True)
    given.to.parent.mkdir(parents=True, exist_ok=True)
    picture = asyncio.run(take(found.stdout.strip(), given.width, given.height, dark=given.dark))
    given.to.write_bytes(picture)
    print(f"{given.to}: {len(picture)} bytes")


if __name__ == "__main__":
    main()
