"""A lab in a directory of its own that is gone afterwards, for measurements."""

import contextlib
import pathlib
import shutil
import tempfile

from . import down, up
from .layout import Options


@contextlib.contextmanager
def scratch_lab(**options):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="zoowarden-bench-"))
    try:
        yield up.up(directory, Options(**options))
    finally:
        down.down(directory)
        shutil.rmtree(directory, ignore_errors=True)
