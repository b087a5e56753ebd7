"""Starting a lab: keys, files, first generation, agents; returns when the ensemble serves."""

import pathlib
import subprocess

from . import agents, blocks, down, layout, probes, releases, writing
from .errors import LabError
from .layout import Lab, Options, program
from .run import run


def up(directory, options: Options, install=None) -> Lab:
    """A serving lab in `directory`; when it cannot be had, nothing of it stays.

    `install(lab, release)` brings the servers up, by Zoowarden unless it is given.
    """
    check(options)
    directory = layout.absolute(directory)
    release = releases.get(options.version)
    directory.mkdir(parents=True, exist_ok=True)
    lab = _claim(directory, options)
    try:
        writing.write_all(lab, release)
        make_keys(lab)
        (install or _first_generations)(lab, release)
        for server in lab.servers:
            agents.start(lab, server)
        probes.wait_serving(lab)
    except BaseException:
        down.down(directory)
        raise
    return lab


def check(options: Options) -> None:
    """LabError for what no lab can have."""
    if options.servers < 1 or options.servers + options.observers > 99:
        raise LabError("a lab has 1 to 99 servers, observers included")


def _claim(directory: pathlib.Path, options: Options) -> Lab:
    if (directory / layout.STATE_FILE).exists():
        layout.save(Lab(directory, 0, options))  # refuses, saying what to do
    block = blocks.reserve(directory, layout.PORTS, layout.STATE_FILE,
                           lambda number: layout.save(Lab(directory, number, options)))
    return Lab(directory, block, options)


def make_keys(lab: Lab) -> None:
    """An authority, an operator, a viewer, and the identity of each server's agent."""
    tool = program("zoowarden")
    authority = lab.directory / "pki"
    run([tool, "pki", "init", "--dir", authority, "--ensemble", lab.options.name])
    issue = [tool, "pki", "issue", "--dir", authority]
    for role in ("operator", "viewer"):
        run([*issue, "--role", role, "--out", lab.directory / role])
    for server in lab.servers:
        run([*issue, "--role", "agent", "--server", server.id, "--out", server.directory / "pki"])


def _first_generations(lab: Lab, release: releases.Release) -> None:
    """Installs and starts every server, all at once: one alone would wait for the others."""
    started = []
    for server in lab.servers:
        command = [program("zoowarden-agent"), "--config", server.agent_config, "bootstrap",
                   "--archive", release.path, "--signature", release.signature,
                   "--ensemble-spec", lab.ensemble_file]
        with open(server.agent_log, "ab") as log:
            # pylint: disable-next=consider-using-with  (all run at the same time)
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     start_new_session=True, env=lab.process_environment())
        started.append((server, child))
    for server, child in started:
        if child.wait(120) != 0:
            raise LabError(f"server {server.id} could not be installed: "
                           f"{agents.last_words(server)}")
