"""A reading of the raw log of its own: what every read and notice gave, against a replay of the writes below it.

O2 and O3 of the specification: the end is what the uncancelled writes give in the order of positions, and the last
value that each read's agent was given is what stands there below its position. Knows integers, nothing of the core.
"""

import json
from itertools import pairwise
from typing import Any

from coroom.core.codec import encode_body
from coroom.simulate.schedule.play import Player

Body = dict[str, Any]


def lines_of(player: Player) -> list[tuple[str, Body]]:
    """The log as text, read back as plain JSON."""
    return [(event.body.kind, json.loads(encode_body(event.body))) for event in player.room.log]


class Replay:
    """The log, folded once into who wrote and read what where."""

    def __init__(self, player: Player) -> None:
        self.first = dict(player.schedule.objects)
        self.writes: dict[str, Body] = {}
        self.reads: dict[str, Body] = {}
        self.given: dict[str, list[int]] = {}
        self.standing: set[str] = set()
        self.sent: list[str] = []
        notices: dict[str, Body] = {}
        for kind, body in lines_of(player):
            match kind:
                case "call-placed":
                    self.writes[body["call"]] = body
                    self._replace(body)
                case "call-read":
                    self.reads[body["call"]] = body
                    self.given[body["call"]] = [int(body["result"])]
                    self._replace(body)
                case "call-finished":
                    self.standing.add(body["call"])
                case "call-undone":
                    self.standing.discard(body["call"])
                    self.reads.pop(body["call"], None)
                case "order-noticed":
                    notices[body["notice"]] = body
                case "order-notices-handed":
                    for name in body["notices"]:
                        notice = notices[name]
                        if notice["cause"] == "changed" and notice["call"] in self.given:
                            self.given[notice["call"]].append(int(notice["value"]))
                case "agent-abandoned" | "agent-restarted":
                    self.reads = {name: read for name, read in self.reads.items() if read["agent"] != body["agent"]}

    def _replace(self, body: Body) -> None:
        self.reads.pop(body["replaces"], None)

    def below(self, position: list[int] | None) -> dict[str, int]:
        """The objects after all standing writes below a position; all of them for None."""
        objects = dict(self.first)
        standing = [self.writes[name] for name in self.standing]
        for write in sorted(standing, key=lambda body: body["position"]):
            if (position is not None and write["position"] >= position) or write["tool"] == "send":
                continue
            for name, value in json.loads(write["arguments"]).items():
                objects[name] = value + (objects[name] if write["tool"].startswith("add") else 0)
        return objects

    def wrong_reads(self) -> list[str]:
        """The reads whose agent holds at the end what does not stand below them."""
        return [
            f"{name} holds {self.given[name][-1]}, not {due}"
            for name, read in self.reads.items()
            if self.given[name][-1] != (due := self.below(read["position"])[json.loads(read["arguments"])["object"]])
        ]

    def needless(self) -> list[str]:
        """The agents that were told twice running the same of one read."""
        return [name for name, values in self.given.items() if any(one == other for one, other in pairwise(values))]
