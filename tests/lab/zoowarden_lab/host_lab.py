"""A lab of real hosts: the agent from its Debian package, ZooKeeper as a systemd unit.

What is done to each host is what docs/install.md tells an administrator to do.
"""

import os
import pathlib
import re
import shlex
import subprocess

from . import down, host_network, hosts, keys, layout, probes, releases, up, writing
from .errors import LabError
from .layout import Lab, Options, Server, binaries

AGENT, ZOOKEEPER = "zoowarden-agent.service", "zoowarden-zookeeper.service"
_CONFIGURATION = "/etc/zoowarden/agent.yaml"
_PKI = "/var/lib/zoowarden/pki"
_EXAMPLE = "/usr/share/doc/zoowarden-agent/examples/agent.yaml"


def package(name: str) -> pathlib.Path:
    """One of our own packages, as `./x package` made it beside the build (or elsewhere)."""
    explicit = os.environ.get("ZOOWARDEN_PACKAGES")
    folder = pathlib.Path(explicit) if explicit else binaries().parents[1] / "package"
    found = sorted(folder.glob(f"{name}_*.deb"))
    if not found:
        raise LabError(f"{folder} has no package {name}: run `./x package`")
    return found[-1]


def up_bare(directory, options: Options, extra: tuple = ()) -> Lab:
    """Hosts with the agent's package and nothing else, their ensemble.yaml and certificates.

    `extra` names Debian packages that they have besides.
    """
    up.check(options)
    directory = layout.absolute(directory)
    agent, release = package("zoowarden-agent"), releases.get(options.version)
    directory.mkdir(parents=True, exist_ok=True)
    lab = Lab(directory, 0, options)
    layout.save(lab)
    try:
        for host in hosts.start(directory, len(lab.servers), extra):
            host.install(agent)
        up.make_keys(lab)
        lab.ensemble_file.write_text(writing.ensemble(lab, release), encoding="utf-8")
        _write_commands(lab)
    except BaseException:
        down.down(directory)
        raise
    return lab


def up_serving(directory, options: Options) -> Lab:
    lab = up_bare(directory, options)
    try:
        for server in lab.servers:
            configure(server)
        bootstrap(lab)
        for server in lab.servers:
            enable(server)
        with host_network.Network(lab.directory).inside():
            for server in lab.servers:
                probes.wait_agent(server)
            probes.wait_serving(lab)
    except BaseException:
        down.down(lab.directory)
        raise
    return lab


def configure(server: Server, *more) -> None:
    """Keys, signers, and the package's own example with the capitals filled in.

    `more`: (pattern, value) of what else is edited.
    """
    host = hosts.of(server)
    host.run(["install", "-d", "-m", "700", f"{_PKI}-1"])
    for name in ("ca.pem", "cert.pem", "key.pem"):
        host.put(server.directory / "pki" / name, f"{_PKI}-1/{name}",
                 "0600" if name == "key.pem" else "0644")
    host.run(["ln", "-sT", "pki-1", _PKI])
    host.put(keys.keyring(), "/etc/zoowarden/trusted.gpg")
    text = host.read(_EXAMPLE)
    for pattern, value in ((r"^ensemble: NAME$", "ensemble: lab"),
                           (r"^server: 1$", f"server: {server.id}"),
                           (r"ADDRESS:7443", server.agent),
                           (r"FINGERPRINT", keys.fingerprint()), *more):
        text, count = re.subn(pattern, value, text, flags=re.MULTILINE)
        if count != 1:
            raise LabError(f"{_EXAMPLE} has {count} places for {pattern}")
    host.write(_CONFIGURATION, f"{text}lease_lapse: 3s\n")


def bootstrap(lab: Lab) -> None:
    """The first generation of every server, all at once: one alone would wait for the others."""
    release = releases.get(lab.options.version)
    started = []
    for server in lab.servers:
        host = hosts.of(server)
        for file in (release.path, release.signature, lab.ensemble_file):
            host.put(file, f"/root/{file.name}")
        command = host.entering(["zoowarden-agent", "--config", _CONFIGURATION, "bootstrap",
                                 "--archive", f"/root/{release.path.name}",
                                 "--signature", f"/root/{release.signature.name}",
                                 "--ensemble-spec", f"/root/{lab.ensemble_file.name}"])
        # pylint: disable-next=consider-using-with  (all run at the same time)
        started.append((server, subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace")))
    for server, child in started:
        said, _ = child.communicate(timeout=180)
        if child.returncode != 0:
            raise LabError(f"server {server.id} could not be installed: {said[-1500:]}")


def enable(server: Server) -> None:
    host = hosts.of(server)
    host.run(["systemctl", "enable", "--quiet", ZOOKEEPER])
    host.run(["systemctl", "start", AGENT])


def _write_commands(lab: Lab) -> None:
    """Programs that run where the hosts can be reached, and the environment that finds them."""
    network, folder = host_network.Network(lab.directory), lab.directory / "bin"
    folder.mkdir()
    for program in ("zoowarden", "zoowarden-lab-load"):
        script = folder / program
        script.write_text(f"#!/bin/sh\nexec ip netns exec {network.hub} "
                          f"{shlex.quote(str(binaries() / program))} \"$@\"\n", encoding="utf-8")
        script.chmod(0o755)
    (lab.directory / "env").write_text(writing.environment(lab, folder), encoding="utf-8")
