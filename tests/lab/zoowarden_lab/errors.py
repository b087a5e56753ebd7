"""The one exception that the lab raises on purpose; its text is for the person who runs it."""


class LabError(Exception):
    """Something outside the lab is missing or wrong; says what, and what to do about it."""
