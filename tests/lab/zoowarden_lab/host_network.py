"""The network of a lab's hosts: one namespace a host, and one with a bridge where its user sits.

All addresses live in namespaces that the lab made. Nothing of it can be reached from this machine's
own network, nor reaches out, and any number of labs use the same addresses.
"""

import contextlib
import ctypes
import dataclasses
import hashlib
import os
import pathlib

from . import processes
from .errors import LabError
from .run import run

HUB = 254  # where its user sits
_NETWORK = "10.77.0"
_BRIDGE = "bridge"
_CLONE_NEWNET = 0x40000000  # sched.h
_NAMESPACES = pathlib.Path("/run/netns")


def address(host: int) -> str:
    return f"{_NETWORK}.{host}"


@dataclasses.dataclass(frozen=True)
class Network:
    """The network of the lab in a directory; its names follow from the directory alone."""
    directory: pathlib.Path

    @property
    def hub(self) -> str:
        """The namespace from which all hosts are reached."""
        return "zwlab-" + hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:8]

    def namespace(self, host: int) -> str:
        return f"{self.hub}-{host}"

    def path(self, host: int) -> pathlib.Path:
        return _NAMESPACES / self.namespace(host)

    def create_hub(self) -> None:
        _ip("netns", "add", self.hub)
        _ip("-n", self.hub, "link", "set", "lo", "up")
        _ip("-n", self.hub, "link", "add", _BRIDGE, "type", "bridge")
        _ip("-n", self.hub, "address", "add", f"{address(HUB)}/24", "dev", _BRIDGE)
        _ip("-n", self.hub, "link", "set", _BRIDGE, "up")

    def add(self, host: int) -> None:
        """The namespace of one host, with its address set from outside."""
        name, port = self.namespace(host), f"host{host}"
        _ip("netns", "add", name)
        _ip("-n", self.hub, "link", "add", port, "type", "veth", "peer", "name", "eth0",
            "netns", name)
        _ip("-n", self.hub, "link", "set", port, "master", _BRIDGE, "up")
        _ip("-n", name, "address", "add", f"{address(host)}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "link", "set", "lo", "up")

    def cut(self, host: int) -> None:
        """Pulls the host's cable; `join` plugs it in again."""
        _ip("-n", self.hub, "link", "set", f"host{host}", "down")

    def join(self, host: int) -> None:
        _ip("-n", self.hub, "link", "set", f"host{host}", "up")

    def names(self) -> list:
        """Its namespaces that exist."""
        return [path.name for path in _NAMESPACES.glob(f"{self.hub}*")]

    def processes(self) -> list:
        """Everything that runs in it, whoever started it."""
        pids = [int(pid) for name in self.names() for pid in _ip("netns", "pids", name).split()]
        return [process for process in map(processes.find, pids) if process]

    def remove(self) -> None:
        """Takes all of it away; harmless when there is none."""
        for name in self.names():
            _ip("netns", "delete", name)

    def enter(self) -> None:
        """The calling thread, and what it starts from now on, sits on the hub."""
        with open(_NAMESPACES / self.hub, "rb") as hub:
            _enter(hub.fileno())

    @contextlib.contextmanager
    def inside(self):
        """The calling thread, and what it starts, sits on the hub until the block ends."""
        with open("/proc/thread-self/ns/net", "rb") as home:
            self.enter()
            try:
                yield
            finally:
                _enter(home.fileno())


def _ip(*words) -> str:
    return run(["ip", *words])


def _enter(descriptor: int) -> None:
    # os.setns came with Python 3.12.
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        raise LabError(f"a network namespace cannot be entered: {os.strerror(ctypes.get_errno())}")
