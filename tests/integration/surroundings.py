"""What the machine gives to a program under test, changed while it runs: time, disk, threads."""

import os
import pathlib
import shutil
import struct

from zoowarden_lab import layout

HOUR, DAY = 3600, 86400


class Surroundings:
    """Of every program started with this `environment`; at first as the machine gives it."""

    def __init__(self, directory: pathlib.Path):
        directory.mkdir()
        # LD_PRELOAD takes no name with a space, so not the checkout's.
        library = directory / "conditions.so"
        shutil.copy(layout.binaries() / "libzoowarden-conditions.so", library)
        self._file = directory / "conditions"
        self._file.write_bytes(struct.pack("=qqq", 0, 0, 0))
        self.environment = {"LD_PRELOAD": str(library), "ZOOWARDEN_CONDITIONS": str(self._file)}

    def _set(self, place: int, value: int) -> None:
        with open(self._file, "r+b") as file:
            os.pwrite(file.fileno(), struct.pack("=q", value), place)

    def set_clock(self, seconds_ahead: int) -> None:
        """The wall clock jumps there; the others go on."""
        self._set(0, seconds_ahead)

    def set_sync_delay(self, seconds: float) -> None:
        """What each fsync takes longer."""
        self._set(8, int(seconds * 1000))

    def use_up_threads(self, used_up: bool) -> None:
        """While they are, the program gets no further thread and no process."""
        self._set(16, int(used_up))
