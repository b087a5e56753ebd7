"""What a lab is made of: its addresses and the files below its directory."""

import dataclasses
import json
import os
import pathlib
import shlex

from . import blocks, host_network
from .errors import LabError

STATE_FILE = "lab.json"
CLIENT_PORT, QUORUM_PORT, ELECTION_PORT = 12181, 12888, 13888
AGENT_PORT, ADMIN_PORT = 17443, 18080
PORTS = (CLIENT_PORT, QUORUM_PORT, ELECTION_PORT, AGENT_PORT, ADMIN_PORT)

# Set for every program that the lab itself starts, so that `down` finds it whatever it is.
PROCESS_MARK = "ZOOWARDEN_LAB_PROCESS"
# Set by the file to be sourced: which lab the commands typed there speak to.
DIRECTORY_MARK = "ZOOWARDEN_LAB_DIR"


@dataclasses.dataclass(frozen=True)
class Options:
    """What `up` was asked for."""
    servers: int = 3
    observers: int = 0
    version: str = "3.8.4"
    settings: tuple = ()  # (key, value) pairs for zoo.cfg
    reconfig: bool = False
    auth: bool = False
    soak: str = "2s"
    step_timeout: str = "40s"
    heap: str = "128m"
    hosts: bool = False  # each server is a machine of its own (hosts.py)
    name: str = "lab"  # of the ensemble


@dataclasses.dataclass(frozen=True)
class Server:
    """One ZooKeeper server with its agent."""
    id: int
    host: str
    observer: bool
    directory: pathlib.Path
    on_host: bool = False

    @property
    def client(self) -> str:
        return f"{self.host}:{CLIENT_PORT}"

    @property
    def agent(self) -> str:
        return f"{self.host}:{AGENT_PORT}"

    @property
    def agent_config(self) -> pathlib.Path:
        return self.directory / "agent.yaml"

    @property
    def agent_log(self) -> pathlib.Path:
        return self.directory / "agent.log"

    @property
    def data(self) -> pathlib.Path:
        return self.directory / ("root/var/lib/zookeeper" if self.on_host else "data")


@dataclasses.dataclass(frozen=True)
class Lab:
    """A lab's fixed facts; which processes run is looked up, not remembered."""
    directory: pathlib.Path
    block: int
    options: Options

    @property
    def servers(self) -> list:
        count = self.options.servers + self.options.observers
        return [self._server(number) for number in range(1, count + 1)]

    def _server(self, number: int) -> Server:
        observer = number > self.options.servers
        if self.options.hosts:
            return Server(number, host_network.address(number), observer,
                          self.directory / "hosts" / str(number), on_host=True)
        return Server(number, blocks.address(self.block, number), observer,
                      self.directory / "agents" / str(number))

    def server(self, number: int) -> Server:
        return next(server for server in self.servers if server.id == number)

    @property
    def ensemble_file(self) -> pathlib.Path:
        return self.directory / "ensemble.yaml"

    @property
    def hosts(self) -> str:
        """The connection string of all members."""
        return ",".join(server.client for server in self.servers)

    def command_environment(self) -> dict:
        """What the command line needs to speak to this lab."""
        return {"PATH": f"{binaries()}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
                "ZOOWARDEN_ENSEMBLE": str(self.ensemble_file),
                "ZOOWARDEN_PKI": str(self.directory / "operator"),
                "ZOOWARDEN_STATE": str(self.directory / "state"),
                DIRECTORY_MARK: str(self.directory)}

    def process_environment(self) -> dict:
        """For programs that the lab starts itself."""
        return {**os.environ, **self.command_environment(), PROCESS_MARK: str(self.directory)}


def binaries() -> pathlib.Path:
    """Where the programs of this build are."""
    build = os.environ.get("ZOOWARDEN_BUILD")
    if not build:
        raise LabError("ZOOWARDEN_BUILD names no build directory: use `./x lab`")
    return pathlib.Path(build).absolute() / "bin"


def program(name: str) -> pathlib.Path:
    path = binaries() / name
    if not os.access(path, os.X_OK):
        raise LabError(f"{path} is not there: run `./x build`")
    return path


def absolute(directory) -> pathlib.Path:
    """The directory's real path: it has to be found again in command lines."""
    return pathlib.Path(os.path.realpath(os.path.expanduser(directory)))


def save(lab: Lab) -> None:
    """Claims the directory for this lab; refused when there is one already."""
    text = json.dumps({"format": 1, "block": lab.block, "options": dataclasses.asdict(lab.options)})
    try:
        with open(lab.directory / STATE_FILE, "x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError as error:
        raise LabError(f"a lab is already in {lab.directory}: "
                       f"`./x lab down --dir {shlex.quote(str(lab.directory))}` ends it") from error


def load(directory) -> Lab:
    directory = absolute(directory)
    try:
        state = json.loads((directory / STATE_FILE).read_text(encoding="utf-8"))
        options = state["options"]
        options["settings"] = tuple(tuple(pair) for pair in options["settings"])
        return Lab(directory, state["block"], Options(**options))
    except FileNotFoundError as error:
        raise LabError(f"no lab in {directory}: "
                       f"`./x lab up --dir {shlex.quote(str(directory))}` makes one") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"{directory / STATE_FILE} cannot be read: {error}") from error
