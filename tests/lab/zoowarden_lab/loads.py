"""Client load in the background, and its verdict."""

import json
import os
import pathlib
import signal
import subprocess
import threading

from .errors import LabError
from .layout import Lab, program

LONG = 3600


class Load:
    """Runs from construction until `verdict`."""

    def __init__(self, lab: Lab, report: pathlib.Path, clients: int = 6, credentials: str = ""):
        command = [program("zoowarden-lab-load"), "--hosts", lab.hosts, "--clients", str(clients),
                   "--seconds", str(LONG), "--json", report]
        if credentials:
            command += ["--auth", credentials]
        self._report = report
        self._said, self._writing = [], threading.Event()
        self._child = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, encoding="utf-8", errors="replace",
            env=lab.process_environment())
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._child.stdout:
            self._said.append(line)
            if line.startswith("writing"):
                self._writing.set()

    def wait_writing(self, seconds: float = 30) -> "Load":
        """Returns once every client has had a write acknowledged."""
        if not self._writing.wait(seconds):
            raise LabError(f"the load did not begin to write in {seconds:g} s: {self._text()}")
        return self

    def _text(self) -> str:
        return "".join(self._said)[-2000:]

    def verdict(self, seconds: float = 120) -> dict:
        """Ends the writing, waits for the read-back through every member, gives the report."""
        self._child.send_signal(signal.SIGTERM)
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise LabError(f"the load's read-back did not end in {seconds:g} s") from error
        self._reader.join(10)
        try:
            return {**json.loads(self._report.read_text(encoding="utf-8")), "exit_code": code}
        except (OSError, ValueError) as error:
            raise LabError(f"the load ended with {code} and no report: {self._text()}") from error

    def kill(self) -> None:
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
