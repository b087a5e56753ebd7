"""A command typed at a terminal, which asks before it goes ahead."""

import os
import pty
import subprocess
import threading

from zoowarden_lab import command, layout, probes
from zoowarden_lab.errors import LabError


class Typed:
    """`WORDS` at a terminal of its own; `kill` it when it is not waited for."""

    def __init__(self, made, *words):
        self._words = tuple(str(word) for word in words)
        self._ours, theirs = pty.openpty()
        self._child = subprocess.Popen(  # pylint: disable=consider-using-with
            [layout.program(self._words[0]), *self._words[1:]], stdin=theirs, stderr=theirs,
            stdout=subprocess.PIPE, env=made.lab.process_environment(), encoding="utf-8")
        os.close(theirs)
        self._said, self._out = b"", ""
        self._readers = [threading.Thread(target=read, daemon=True)
                         for read in (self._listen, self._collect)]
        for reader in self._readers:
            reader.start()

    def _listen(self) -> None:
        try:
            while block := os.read(self._ours, 65536):
                self._said += block
        except OSError:  # EIO: the other end is closed
            pass

    def _collect(self) -> None:
        self._out = self._child.stdout.read()

    def said(self) -> str:
        return self._said.decode("utf-8", "replace")

    def wait_for(self, text: str, seconds: float) -> None:
        try:
            probes.wait_until(lambda: text in self.said(), seconds, f"it says {text!r}")
        except LabError as error:
            raise LabError(f"{error}; it said:\n{self.said()}") from error

    def answer(self, text: str) -> None:
        os.write(self._ours, text.encode() + b"\n")

    def wait(self, seconds: float) -> command.Outcome:
        try:
            self._child.wait(seconds)
        finally:
            self.kill()
        return command.Outcome(self._words, self._child.returncode, self._out, self.said())

    def kill(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        for reader in self._readers:
            reader.join(10)
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1
