"""Whether ada is on call."""

ON_CALL = True
DECIDED = False
