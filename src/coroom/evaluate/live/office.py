"""The suite `office`: what people in an office do to the same rows at once, each task a textbook anomaly."""

from coroom.evaluate.live.office_meetings import CANCEL, PUSH_BACK
from coroom.evaluate.live.office_money import APPROVE, INVOICE, REASSIGN
from coroom.evaluate.live.office_slots import BOOKING, CASCADE

OFFICE = (BOOKING, PUSH_BACK, REASSIGN, CANCEL, CASCADE, APPROVE, INVOICE)
"""Every task of the suite."""
