"""Whether cleo is on call."""

ON_CALL = True
DECIDED = True
