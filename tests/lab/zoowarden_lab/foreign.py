"""Servers as somebody else installs them: an archive unpacked, a zoo.cfg typed, zkServer.sh started."""

import hashlib
import os
import subprocess
import tarfile

from . import up as lab_up
from .errors import LabError
from .layout import (ADMIN_PORT, CLIENT_PORT, ELECTION_PORT, QUORUM_PORT, Lab, Options, Server)
from .releases import Release

# As people write it: blanks, colons and tabs for '=', comments in both forms, a line that goes on,
# a key of nobody's knowledge, a password.
_ZOO_CFG = """# The tick, as ever
tickTime = 2000
initLimit:10
syncLimit\t5
! where it lives
   dataDir={data}
clientPort={client}
clientPortAddress={host}
admin.serverAddress={host}
admin.serverPort={admin}
4lw.commands.whitelist=srvr, mntr, \\
    ruok
my.own.key = kept as it is
ssl.trustStore.password=not for everybody
{members}
"""
JAVA_ENV = """# small servers
export SERVER_JVMFLAGS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData $SERVER_JVMFLAGS"
"""
ZOOKEEPER_ENV = "ZK_SERVER_HEAP=160\n"  # zookeeper-env.sh, the other file that zkEnv.sh reads


def release_of(server: Server):
    return server.directory / "opt" / "zookeeper"


def up(directory, options: Options) -> Lab:
    """A serving lab whose servers no agent has installed, and without ensemble.yaml."""
    return lab_up.up(directory, options, install=_install)


def _install(lab: Lab, release: Release) -> None:
    lab.ensemble_file.unlink()
    members = "".join(
        f"server.{server.id} = {server.host}:{QUORUM_PORT}:{ELECTION_PORT}"
        f"{':observer' if server.observer else ''}\n" for server in lab.servers)
    for server in lab.servers:
        _unpack(server, release)
        conf = release_of(server) / "conf"
        (conf / "zoo.cfg").write_text(_ZOO_CFG.format(
            data=server.data, client=CLIENT_PORT, host=server.host, admin=ADMIN_PORT,
            members=members), encoding="utf-8")
        (conf / "java.env").write_text(JAVA_ENV, encoding="utf-8")
        (conf / "zookeeper-env.sh").write_text(ZOOKEEPER_ENV, encoding="utf-8")
        (server.data / "myid").write_text(f"{server.id}\n", encoding="utf-8")
    for server in lab.servers:
        start(lab, server)


def _unpack(server: Server, release: Release) -> None:
    parent = release_of(server).parent
    parent.mkdir()
    with tarfile.open(release.path) as archive:
        archive.extractall(parent)
    (made,) = parent.iterdir()
    made.rename(release_of(server))


def start(lab: Lab, server: Server) -> None:
    """`zkServer.sh start` as typed at a terminal, with what this operator has in his environment."""
    environment = {**lab.process_environment(), "JVMFLAGS": "-Dtyped.by.hand=yes",
                   "ZOO_LOG_DIR": str(server.directory / "opt" / "logs"), "USER": "somebody"}
    started = subprocess.run(  # its words are not believed; the ensemble is waited for
        [release_of(server) / "bin" / "zkServer.sh", "start"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, check=False,
        start_new_session=True, encoding="utf-8", cwd=server.directory, timeout=60)
    if started.returncode != 0:
        raise LabError(f"server {server.id} could not be started: {started.stdout}")


def files(lab: Lab) -> dict:
    """What the installer left and ZooKeeper does not write, by path: digest, mode, owner."""
    found = {}
    for server in lab.servers:
        for path in sorted(release_of(server).rglob("*")):
            if path.is_file():
                status = os.stat(path)
                found[str(path)] = (hashlib.sha256(path.read_bytes()).hexdigest(),
                                    status.st_mode, status.st_uid, status.st_mtime_ns)
    return found
