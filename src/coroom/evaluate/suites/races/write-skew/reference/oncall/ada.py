"""Whether ada is on call."""

ON_CALL = False
DECIDED = True
