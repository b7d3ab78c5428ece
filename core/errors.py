"""What can go wrong, in words a person can act on.

::

    UserError            shown to the person exactly as written
    ├── BadPicture       bytes that are no usable picture
    ├── BadRequest       a setting out of range, an unknown name, unreadable saved settings
    ├── NotFound         a run or file that is not there
    ├── Busy             too much waiting already
    ├── ModelUnusable    weights missing, damaged or unfit
    ├── DeviceFailed     out of memory, or numbers that are no numbers
    └── StorageFailed    a disk that is full or may not be written
    Cancelled            silent: the person asked for it

Anything else is a defect: it is logged with an id and shown as one sentence with that id (`describe`).
"""

from __future__ import annotations

import logging
import secrets

log = logging.getLogger(__name__)


class UserError(Exception):
    """A sentence for the person: what happened and what to do."""

    status = 422  # the HTTP status that fits


class BadPicture(UserError):
    """The bytes are not a picture we can use."""


class BadRequest(UserError):
    """A setting is out of range, a name unknown, or saved settings cannot be read."""


class NotFound(UserError):
    """The run, picture or file asked for is not there."""

    status = 404


class Busy(UserError):
    """The queue is full."""

    status = 503


class ModelUnusable(UserError):
    """Weights are missing, damaged, or do not fit."""

    status = 409


class DeviceFailed(UserError):
    """The device ran out of memory or produced numbers that are no numbers."""

    status = 500


class StorageFailed(UserError):
    """The disk is full, or the folder may not be written."""

    status = 507


class Cancelled(Exception):
    """The person stopped the run. Never shown, never logged."""


def describe(error: BaseException) -> str:
    """Return the one sentence to show for `error`; log it in full when it is a defect of ours.

    A `UserError` is its own sentence. Anything else gets a short id under which the log holds the trace.
    """
    if isinstance(error, UserError):
        return str(error)
    error_id = secrets.token_hex(3)
    log.error("defect %s", error_id, exc_info=error)
    return f"Something went wrong inside the program ({type(error).__name__}, see the log under {error_id})."
