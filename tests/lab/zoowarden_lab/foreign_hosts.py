"""Hosts whose ZooKeeper somebody else installed, in the ways that are common; our agent beside it."""

import dataclasses

from . import down, foreign, host_lab, host_network, hosts, probes, releases
from .layout import CLIENT_PORT, ELECTION_PORT, QUORUM_PORT, Lab, Options, Server

_RELEASE = "/opt/zk"
_GENERATIONS, _LOGS = "/opt/zookeeper/generations", "/var/log/zookeeper"  # of what we install
_UNIT = "/etc/systemd/system/zk.service"
_UNIT_TEXT = f"""[Unit]
Description=ZooKeeper, as the team wrote it
After=network.target

[Service]
Type=forking
User=zookeeper
Environment=ZOO_LOG_DIR=/var/log/zk "JVMFLAGS=-Dof.the.unit=yes -Dnot.a.word=twice"
ExecStart={_RELEASE}/bin/zkServer.sh start
ExecStop={_RELEASE}/bin/zkServer.sh stop
SuccessExitStatus=143
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


@dataclasses.dataclass(frozen=True)
class Kind:
    """One way to install ZooKeeper."""
    name: str
    packages: tuple  # of Debian, in the image
    data: str
    manager: str     # what agent.yaml says of it
    files: tuple     # what its owner wrote, and nobody else may change
    unit: str        # "" = none


SCRIPT = Kind("script", (), "/srv/zk", "manager: zkserver", (_RELEASE,), "")
UNIT = Kind("unit", (), "/srv/zk", "manager: systemd\n  unit: zk.service",
            (_RELEASE, "/etc/systemd/system"), "zk.service")
DEBIAN = Kind("debian", ("zookeeperd",), "/var/lib/zookeeper",
              "manager: sysv\n  init_script: /etc/init.d/zookeeper\n"
              "  pid_file: /var/run/zookeeper/zookeeper.pid",
              ("/etc/zookeeper", "/etc/init.d", "/etc/default", "/etc/systemd/system",
               "/usr/share/java", "/usr/share/zookeeper"), "zookeeper.service")
KINDS = (SCRIPT, UNIT, DEBIAN)


def up(directory, options: Options, kind: Kind) -> Lab:
    """A serving lab that no agent has installed, its agents running, without ensemble.yaml."""
    lab = host_lab.up_bare(directory, options, kind.packages)
    try:
        lab.ensemble_file.unlink()
        for server in lab.servers:
            _install(lab, server, kind)
        for server in lab.servers:
            start(server, kind)
        with host_network.Network(lab.directory).inside():
            probes.wait_serving(lab)
            for server in lab.servers:
                _start_agent(server, kind)
                probes.wait_agent(server)
    except BaseException:
        down.down(lab.directory)
        raise
    return lab


def _install(lab: Lab, server: Server, kind: Kind) -> None:
    host = hosts.of(server)
    members = "".join(f"server.{one.id}={one.host}:{QUORUM_PORT}:{ELECTION_PORT}\n"
                      for one in lab.servers)
    text = (f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={kind.data}\n"
            f"clientPort={CLIENT_PORT}\nmy.own.key=kept\n{members}")
    if kind.packages:
        host.run(["systemctl", "stop", kind.unit])
        host.run(["sh", "-c", f"rm -rf {kind.data}/version-2"])
        host.write("/etc/zookeeper/conf/zoo.cfg", text)
        host.write("/etc/zookeeper/conf/myid", f"{server.id}\n")
        return
    release = releases.get(lab.options.version)
    host.put(release.path, "/root/archive")
    host.run(["mkdir", "-p", _RELEASE])
    host.run(["tar", "-x", "-C", _RELEASE, "--strip-components=1", "-f", "/root/archive"])
    host.write(f"{_RELEASE}/conf/zoo.cfg", text)
    host.write(f"{_RELEASE}/conf/java.env", foreign.JAVA_ENV)
    host.write(f"{_RELEASE}/conf/zookeeper-env.sh", foreign.ZOOKEEPER_ENV)
    host.write(f"{kind.data}/myid", f"{server.id}\n")
    host.run(["mkdir", "-p", "/var/log/zk"])
    host.run(["chown", "-R", "zookeeper:", kind.data, "/var/log/zk"])
    if kind.unit:
        host.write(_UNIT, _UNIT_TEXT)
        host.run(["systemctl", "daemon-reload"])
        host.run(["systemctl", "enable", "--quiet", kind.unit])


def start(server: Server, kind: Kind) -> None:
    """As its owner does it."""
    host = hosts.of(server)
    if kind.unit:
        host.run(["systemctl", "start", kind.unit])
        return
    _by_hand(host, ["env", "ZOO_LOG_DIR=/var/log/zk", "JVMFLAGS=-Dtyped.by.hand=yes",
                    f"{_RELEASE}/bin/zkServer.sh", "start"])


def start_at_boot(server: Server, kind: Kind) -> None:
    """What docs/adoption.md puts into a boot script of those that have no unit."""
    _by_hand(hosts.of(server), ["/usr/lib/zoowarden/zoowarden-launch", "--data", kind.data,
                                "--current", f"{_GENERATIONS}/current",
                                "--log-dir", _LOGS, "start"])


def _by_hand(host: hosts.Host, command: list) -> None:
    """In a scope, as what is started from a login."""
    host.run(["systemd-run", "--quiet", "--scope", "--uid=zookeeper", *command])


def _start_agent(server: Server, kind: Kind) -> None:
    """As docs/adoption.md tells."""
    host_lab.configure(server, (r"data_directory: .*", f"data_directory: {kind.data}"),
                       (r"manager: systemd", kind.manager))
    hosts.of(server).run(["systemctl", "start", host_lab.AGENT])


def files(lab: Lab, kind: Kind) -> dict:
    """What its owner made, by host: content, mode and owner of files, and what systemd reads."""
    script = ('for d in "$@"; do find "$d" -name logs -prune -o -type f -exec sha256sum {} +; '
              'find "$d" -name logs -prune -o -printf "%p %M %u %g %l\\n"; done | sort')
    found = {}
    for server in lab.servers:
        host = hosts.of(server)
        found[server.id] = host.run(["sh", "-c", script, "sh", *kind.files])
        if kind.unit:
            found[server.id] += host.run(["systemctl", "cat", kind.unit])
            found[server.id] += host.unit(kind.unit, "UnitFileState")
        if kind.packages:
            found[server.id] += host.run(["dpkg", "--verify"])
    return found
