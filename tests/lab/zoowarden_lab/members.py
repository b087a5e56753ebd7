"""Hands on one member without Zoowarden: what an operator, a bug or a plain loop would do to it."""

import os
import signal
import subprocess

from . import agents, probes
from .errors import LabError
from .layout import Server


def remember(server: Server) -> dict:
    """What is needed to start the running member again exactly as it runs now."""
    process = agents.find_zookeeper(server)
    if process is None:
        raise LabError(f"server {server.id} does not run")
    return {"words": process.words(), "environment": process.environment(),
            "directory": os.readlink(f"/proc/{process.pid}/cwd"),
            "output": os.readlink(f"/proc/{process.pid}/fd/1")}


def start(server: Server, remembered: dict) -> None:
    """Starts the JVM again, with nothing between it and the operating system."""
    output = remembered["output"]
    if not output.startswith(str(server.directory)):
        output = os.devnull
    with open(output, "ab") as log:
        subprocess.Popen(  # pylint: disable=consider-using-with
            remembered["words"], env=remembered["environment"], cwd=remembered["directory"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def stop(server: Server, number: int = signal.SIGTERM, seconds: float = 30) -> None:
    """Signals the JVM and waits for its real end."""
    process = agents.find_zookeeper(server)
    if process is None:
        return
    process.signal(number)
    probes.wait_until(lambda: not process.alive(), seconds, f"server {server.id} ends", 0.01)


def wait_serving(server: Server, seconds: float = 60) -> None:
    probes.wait_until(lambda: probes.mode(server) in ("leader", "follower", "observer"), seconds,
                      f"server {server.id} serves", 0.02)
