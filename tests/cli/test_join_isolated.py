"""`coroom join --isolation`: an agent that a person starts, with no way out but the room's door."""

import subprocess
from pathlib import Path

from tests.cli.commands import place_at, serving


def test_what_join_starts_can_be_isolated_with_a_door_to_the_room(tmp_path: Path) -> None:
    place = place_at(tmp_path)
    subprocess.run([Path(__file__).parents[2] / "scripts" / "isolation.sh"], check=True)
    asks = (
        "import os, http.client, urllib.parse as u; a = u.urlsplit(os.environ['COROOM_URL']); "
        "c = http.client.HTTPConnection(a.hostname, a.port); "
        "c.request('GET', a.path or '/'); print(a.port, c.getresponse().status)"
    )
    script = f'echo mine > mine.txt; touch {place.root}/outside; ls {place.root}; python3 -c "{asks}"; exit 5'
    with serving(place):
        done = place.run("join", "ann", "--isolation", "bubblewrap", "--", "sh", "-c", script)
    assert done.code == 5, done.err
    assert "4100 200" in done.out
    assert "home" not in done.out.split()
    assert "Agents change only their own directory and home" in done.err
    assert not (place.root / "outside").exists()
    without = place.run("join", "ann", "--isolation", "bubblewrap")
    assert without.code == 2
