"""The text files of a lab: ensemble.yaml, each agent.yaml, and the environment to be sourced."""

import base64
import hashlib
import json
import pathlib
import shlex

from . import keys
from .layout import (ADMIN_PORT, AGENT_PORT, CLIENT_PORT, ELECTION_PORT, QUORUM_PORT, Lab,
                     Server, binaries)
from .releases import Release

SUPER_PASSWORD = "lab"

# Smaller and quicker to start; a killed JVM must leave no performance file in /tmp.
_JAVA_OPTIONS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]


def _quoted(value) -> str:
    """A string as YAML; what JSON writes, YAML reads."""
    return json.dumps(str(value), ensure_ascii=False)


def _settings(lab: Lab) -> dict:
    settings = {"tickTime": "2000", "initLimit": "10", "syncLimit": "5"}
    if lab.options.reconfig:
        settings["reconfigEnabled"] = "true"
    if lab.options.auth:
        settings["enforce.auth.enabled"] = "true"
        settings["enforce.auth.schemes"] = "digest"
    settings.update(dict(lab.options.settings))
    return settings


def _java_options(lab: Lab) -> list:
    if not lab.options.reconfig:
        return _JAVA_OPTIONS
    digest = base64.b64encode(hashlib.sha1(f"super:{SUPER_PASSWORD}".encode()).digest()).decode()
    name = "zookeeper.DigestAuthenticationProvider.superDigest"
    return [*_JAVA_OPTIONS, f"-D{name}=super:{digest}"]


def _server(server: Server) -> str:
    own = (f"{{clientPortAddress: {server.host}, admin.serverAddress: {server.host}, "
           f"admin.serverPort: {ADMIN_PORT}}}")
    role = "observer" if server.observer else "participant"
    return (f"  - id: {server.id}\n"
            f"    host: {server.host}\n"
            f"    agent: {_quoted(server.agent)}\n"
            f"    role: {role}\n"
            f"    client_port: {CLIENT_PORT}\n"
            f"    quorum_port: {QUORUM_PORT}\n"
            f"    election_port: {ELECTION_PORT}\n"
            f"    settings: {own}\n")


def ensemble(lab: Lab, release: Release) -> str:
    settings = "".join(f"    {key}: {_quoted(value)}\n" for key, value in _settings(lab).items())
    options = ", ".join(_quoted(option) for option in _java_options(lab))
    return (f"# The ensemble of the lab in this directory; edit it and type `zoowarden plan`.\n"
            f"ensemble: {lab.options.name}\n"
            f"release:\n"
            f"  version: {release.version}\n"
            f"  source: {_quoted(release.path)}\n"
            f"  sha512: {_quoted(release.sha512)}\n"
            f"  signature: {_quoted(release.signature)}\n"
            f"config:\n"
            f"  settings:\n{settings}"
            f"  java: {{heap: {lab.options.heap}, options: [{options}]}}\n"
            f"servers:\n{''.join(_server(server) for server in lab.servers)}"
            f"policy: {{soak: {lab.options.soak}, step_timeout: {lab.options.step_timeout}, "
            f"on_failure: rollback_all, good_rounds: 3}}\n")


def agent(server: Server, name: str = "lab") -> str:
    folder = server.directory
    pki = folder / "pki"
    return (f"ensemble: {name}\n"
            f"server: {server.id}\n"
            f"listen: {_quoted(f'{server.host}:{AGENT_PORT}')}\n"
            f"pki:\n"
            f"  ca: {_quoted(pki / 'ca.pem')}\n"
            f"  certificate: {_quoted(pki / 'cert.pem')}\n"
            f"  key: {_quoted(pki / 'key.pem')}\n"
            f"state_directory: {_quoted(folder / 'state')}\n"
            f"instance:\n"
            f"  releases: {_quoted(folder / 'releases')}\n"
            f"  generations: {_quoted(folder / 'generations')}\n"
            f"  data_directory: {_quoted(server.data)}\n"
            f"  log_directory: {_quoted(folder / 'logs')}\n"
            f"  manager: zkserver\n"
            f"signatures:\n"
            f"  required: true\n"
            f"  keyring: {_quoted(folder / 'trusted.gpg')}\n"
            f"  fingerprints: [{_quoted(keys.fingerprint())}]\n"
            f"lease_lapse: 3s\n")


def environment(lab: Lab, programs: pathlib.Path) -> str:
    values = lab.command_environment()
    values.pop("PATH")
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
    return f"export PATH={shlex.quote(str(programs))}:\"$PATH\"\n" + "".join(lines)


def write_all(lab: Lab, release: Release) -> None:
    lab.ensemble_file.write_text(ensemble(lab, release), encoding="utf-8")
    (lab.directory / "env").write_text(environment(lab, binaries()), encoding="utf-8")
    for server in lab.servers:
        for folder in ("state", "releases", "generations", "data", "logs"):
            (server.directory / folder).mkdir(mode=0o755, parents=True)
        (server.directory / "trusted.gpg").write_bytes(keys.keyring().read_bytes())
        server.agent_config.write_text(agent(server, lab.options.name), encoding="utf-8")
