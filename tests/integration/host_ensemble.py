"""An ensemble on hosts of its own: systemd machines with the agent from its Debian package."""

import contextlib
import pathlib
import re
import shutil

import pytest

from ensemble import Ensemble
from zoowarden_lab import host_image, host_lab, host_network, hosts, probes
from zoowarden_lab.layout import Lab, Options
from zoowarden_lab.run import run

AGENT, ZOOKEEPER = host_lab.AGENT, host_lab.ZOOKEEPER
_UNPRIVILEGED = "/usr/share/zoowarden/unprivileged"

# What each file of tests on hosts says of itself.
NEED_HOSTS = pytest.mark.skipif(bool(host_image.missing()), reason=host_image.missing() or "-")


class HostEnsemble(Ensemble):
    """Use it `inside` only: its addresses exist in its own network alone."""

    zookeeper_unit = ZOOKEEPER  # "" = none

    def __init__(self, directory: pathlib.Path, **options):
        super().__init__(directory, hosts=True, **options)

    @staticmethod
    def _up(directory: pathlib.Path, options: Options) -> Lab:
        return host_lab.up_serving(directory, options)

    def inside(self) -> contextlib.AbstractContextManager:
        return host_network.Network(self.directory).inside()

    def keep_logs(self, target: pathlib.Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for host in self.machines:
            for unit in filter(None, (AGENT, self.zookeeper_unit)):
                text = host.journal(unit) if host.runs() else "the host does not run"
                (target / f"{host.id}-{unit}.log").write_text(text, encoding="utf-8")
            shutil.copytree(host.root / "var/log/zookeeper", target / f"{host.id}-zookeeper")
        state = self.directory / "state"
        if state.is_dir():  # the command line has run
            shutil.copytree(state, target / "state", symlinks=True)

    @property
    def machines(self) -> list:
        return [hosts.of(server) for server in self.lab.servers]

    def host(self, number: int) -> hosts.Host:
        return hosts.of(self.lab.server(number))

    def agent(self, number: int):
        """The agent's process, or None."""
        return self.host(number).main_process(AGENT)

    def wait_agent(self, number: int) -> None:
        probes.wait_agent(self.lab.server(number))


def make_unprivileged(host) -> None:
    """As docs/install.md tells."""
    host.run(["mkdir", "-p", f"/etc/systemd/system/{AGENT}.d", "/etc/polkit-1/rules.d"])
    host.run(["ln", "-s", f"{_UNPRIVILEGED}/agent.conf", f"/etc/systemd/system/{AGENT}.d/"])
    host.run(["ln", "-s", f"{_UNPRIVILEGED}/zoowarden.rules", "/etc/polkit-1/rules.d/"])
    host.run(["chown", "-R", "zookeeper:", "/opt/zookeeper"])
    host.run(["systemctl", "daemon-reload"])
    host.run(["systemctl", "restart", AGENT])


def newer(package: pathlib.Path, directory: pathlib.Path) -> pathlib.Path:
    """The same package under a higher version."""
    tree, made = directory / "package", directory / f"newer-{package.name}"
    run(["dpkg-deb", "--raw-extract", package, tree])
    control = tree / "DEBIAN" / "control"
    text, count = re.subn(r"^(Version: .*)$", r"\1+newer", control.read_text(encoding="utf-8"),
                          flags=re.MULTILINE)
    assert count == 1, text
    control.write_text(text, encoding="utf-8")
    run(["dpkg-deb", "--root-owner-group", "--build", tree, made])
    return made
