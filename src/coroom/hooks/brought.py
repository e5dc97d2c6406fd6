"""POST /tools/{act}: a process says what it brings, has it tried, asks what to do with it, and answers."""

import json
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from coroom.core.errors import Code, Refused
from coroom.host.door.caller import caller_of

if TYPE_CHECKING:
    from coroom.host.calls.brought import BroughtTools

_STATUS = {Code.NOT_FOUND: 404, Code.FORBIDDEN: 403, Code.DUPLICATE: 409}
_NOBODY = Refused(Code.FORBIDDEN, "No agent here has that token.", "Ask the operator for a token.")
_CLOSED = Refused(
    Code.FORBIDDEN,
    "This room takes no functions from agents.",
    "Its operator allows it with the line `brought: true` in the file given as coroom up --tools FILE.",
)


async def brought(request: Request) -> Response:
    """The endpoint."""
    caller = caller_of(request.scope)
    if caller is None:
        return _refused(_NOBODY, 401)
    try:
        said = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("process"), str):
        return _refused(Refused(Code.BAD_INPUT, "The body is no JSON object with a process.", "See docs."), 400)
    tools = caller.door.brought
    if tools is None:
        return _refused(_CLOSED)
    match request.path_params["act"]:
        case "bring":
            taken = tools.bring(caller.name, said["process"], _listed(said.get("functions")))
            return _refused(taken) if isinstance(taken, Refused) else JSONResponse({"functions": taken})
        case "prove":
            held = await tools.prove(caller.name, said["process"])
            return _refused(held) if isinstance(held, Refused) else JSONResponse({"functions": held})
        case "work":
            return await _worked(tools, caller.name, said, request)
    return _refused(Refused(Code.NOT_FOUND, "There is no such act.", "Use bring, prove or work."))


async def _worked(tools: "BroughtTools", agent: str, said: dict[str, Any], request: Request) -> Response:
    answers = [each for each in _listed(said.get("answers")) if isinstance(each, dict)]
    if answers:
        missed = tools.answer(agent, said["process"], answers)
        return _refused(missed) if missed else JSONResponse({"work": []})
    running = [str(each) for each in _listed(said.get("running"))]
    wait_s = said.get("wait_s", 0)
    waits = float(wait_s) if isinstance(wait_s, (int, float)) else 0.0
    due = await tools.work(agent, said["process"], running, waits, request.is_disconnected)
    return _refused(due) if isinstance(due, Refused) else JSONResponse({"work": due})


def _listed(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _refused(refused: Refused, status: int = 0) -> Response:
    told = {"code": refused.code.value, "why": refused.why, "next": refused.next_step}
    return JSONResponse(told, status or _STATUS.get(refused.code, 400))
