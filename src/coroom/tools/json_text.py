"""JSON texts read back into what they must hold."""

import json
from collections.abc import Mapping


def object_of(text: str) -> dict[str, object]:
    """The object that a JSON text holds. Raises ValueError when it holds something else."""
    value = json.loads(text)
    if not isinstance(value, dict):
        message = f"expected a JSON object, got {text:.60}"
        raise ValueError(message)
    return value


def texts_of(text: str) -> Mapping[str, str]:
    """The object of texts that a JSON text holds. Raises ValueError when it holds something else."""
    value = object_of(text)
    return {key: item for key, item in value.items() if isinstance(item, str)}
