"""Running the command line against a lab, to its end or in the background."""

import dataclasses
import json
import os
import signal
import subprocess
import threading

from . import processes
from .errors import LabError
from .layout import Lab, program

# Exit codes of `zoowarden help exit-codes`.
SUCCEEDED, ERROR, USAGE, CHANGES, DENIED = 0, 1, 2, 3, 4
REFUSED, ROLLED_BACK, STUCK, HELD, TIMEOUT, HALTED = 5, 6, 7, 8, 9, 10
INTERRUPTED = 130

OUTCOMES = {SUCCEEDED: "succeeded", ROLLED_BACK: "rolled_back", STUCK: "stuck", HALTED: "halted",
            REFUSED: "refused", HELD: "held", INTERRUPTED: "interrupted"}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""
    words: tuple
    code: int
    out: str
    err: str

    @property
    def name(self) -> str:
        return OUTCOMES.get(self.code, "error")

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise LabError(f"{self} did not answer in JSON: {error}") from error

    def __str__(self) -> str:
        return (f"`zoowarden {' '.join(self.words)}` ended with {self.code}\n"
                f"--- stdout\n{self.out[-6000:]}\n--- stderr\n{self.err[-6000:]}")


class Running:
    """A command in the background, in a process group of its own."""

    def __init__(self, lab: Lab, words, environment=None):
        self.words = tuple(str(word) for word in words)
        self._lines, self._changed = [], threading.Condition()
        self._child = subprocess.Popen(  # pylint: disable=consider-using-with
            [program("zoowarden"), *self.words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, encoding="utf-8", errors="replace",
            env={**lab.process_environment(), **(environment or {})})
        self._streams = {"out": [], "err": []}
        self._readers = [self._reader("out", self._child.stdout),
                         self._reader("err", self._child.stderr)]

    def _reader(self, name: str, stream) -> threading.Thread:
        def read():
            for line in stream:
                with self._changed:
                    self._streams[name].append(line)
                    self._lines.append(line)
                    self._changed.notify_all()
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    @property
    def pid(self) -> int:
        return self._child.pid

    def said(self) -> str:
        """Everything so far, both streams as the lines came."""
        with self._changed:
            return "".join(self._lines)

    def running(self) -> bool:
        return self._child.poll() is None

    def frozen(self) -> bool:
        """Whether it sleeps on a SIGSTOP."""
        return processes.state(self.pid) == "T"

    def wait_for_line(self, text: str, seconds: float) -> str:
        """The first line that holds the text; LabError when it never comes."""
        def found():
            return next((line for line in self._lines if text in line), None)
        with self._changed:
            self._changed.wait_for(lambda: found() or not self.running(), timeout=seconds)
            line = found()
        if not line:
            raise LabError(f"no line with {text!r} within {seconds:g} s:\n{self.said()}")
        return line

    def signal(self, number: int) -> None:
        """To the command alone."""
        self._child.send_signal(number)

    def wait(self, seconds: float) -> Outcome:
        """How it ended; LabError, and the command killed, when it does not."""
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise LabError(f"`zoowarden {' '.join(self.words)}` did not end in {seconds:g} s:\n"
                           f"{self.said()}") from error
        for reader in self._readers:
            reader.join(10)
        streams = {name: "".join(lines) for name, lines in self._streams.items()}
        return Outcome(self.words, code, streams["out"], streams["err"])

    def kill(self) -> None:
        """Ends it and what it started, by SIGKILL; harmless when it has ended."""
        if self.running():
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()


def run(lab: Lab, *words, seconds: float = 60, environment=None) -> Outcome:
    return Running(lab, words, environment).wait(seconds)
