"""Authorities and certificates of a lab's people and agents, made and put in place by hand."""

import os
import pathlib
import shutil

from ensemble import Ensemble
from surroundings import DAY


def tool(made: Ensemble, *words, environment=None):
    """`zoowarden pki WORDS`, which must succeed."""
    done = made.run("pki", *words, environment=environment)
    assert done.code == 0, done
    return done


def issue(made: Ensemble, authority: pathlib.Path, role: str, out: pathlib.Path, *words,
          environment=None) -> pathlib.Path:
    """A certificate of that role in `out`."""
    tool(made, "issue", "--dir", authority, "--role", role, "--out", out, *words,
         environment=environment)
    return out


def issue_ending(made: Ensemble, surroundings, seconds: int, *words) -> pathlib.Path:
    """`issue WORDS` of the lab's authority, ending so soon: it is made a day ago."""
    surroundings.set_clock(seconds - DAY)
    try:
        return issue(made, made.directory / "pki", *words, "--days", 1,
                     environment=surroundings.environment)
    finally:
        surroundings.set_clock(0)


def exchange(link: pathlib.Path, target: pathlib.Path) -> None:
    """`link` points to that directory from one moment to the next."""
    beside = link.with_name(link.name + ".new")
    os.symlink(target, beside)
    os.rename(beside, link)


def behind_link(directory: pathlib.Path) -> pathlib.Path:
    """The directory, reached through a link from now on, as `zoowarden-agent enroll` makes it."""
    directory.rename(directory.with_name(directory.name + "-0"))
    exchange(directory, directory.with_name(directory.name + "-0"))
    return directory


def put(source: pathlib.Path, target: pathlib.Path) -> None:
    """As docs/certificates.md says: beside it, then a rename."""
    beside = target.with_name(target.name + ".new")
    shutil.copy(source, beside)
    os.rename(beside, target)


def concatenate(target: pathlib.Path, *sources: pathlib.Path) -> pathlib.Path:
    target.write_bytes(b"".join(source.read_bytes() for source in sources))
    return target


def serial_in(made: Ensemble, certificate: pathlib.Path) -> str:
    return tool(made, "show", certificate, "-o", "json").json["serial"]


def agents_certificates(made: Ensemble) -> dict:
    """The serial that each agent uses, by id."""
    answer = tool(made, "status", "--agents", "-o", "json").json
    return {agent["server"]: agent["certificate"]["serial"] for agent in answer["agents"]}
