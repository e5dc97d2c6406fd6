"""`POST /operator/admit`: how `coroom join` gets an agent of the user's own a seat in a room that is running."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coroom.core.agent import JOINABLE, Role
from coroom.core.errors import Refused
from coroom.host.door.caller import caller_of
from coroom.host.seat import Seat

Admit = Callable[[str, Role, str, str | None], Awaitable[Seat | Refused]]


def seat_route(admit: Admit) -> Route:
    """The route of one room; only its operator gets through."""

    async def answer(request: Request) -> Response:
        caller = caller_of(request.scope)
        if caller is None or not caller.is_operator:
            return _turned(403, "not-the-operator", "Only the operator gives out seats.", "Send the operator's key.")
        try:
            asked = json.loads(await request.body())
            agent, role = str(asked["agent"]), Role(asked.get("role", Role.IMPLEMENTER))
        except (ValueError, KeyError, TypeError):
            roles = ", ".join(sorted(role.value for role in JOINABLE))
            return _turned(400, "no-agent", "The body names no agent or no role.", f"Roles are {roles}.")
        parent = asked.get("parent")
        seat = await admit(agent, role, str(asked.get("client", "")), str(parent) if parent else None)
        if isinstance(seat, Refused):
            return _turned(409, seat.code.value, seat.why, seat.next_step)
        return JSONResponse({"agent": seat.agent, "token": seat.token, "directory": str(seat.directory)})

    return Route("/operator/admit", answer, methods=["POST"])


def _turned(status: int, what: str, why: str, next_step: str) -> Response:
    return JSONResponse({"what": what, "why": why, "next": next_step}, status)
