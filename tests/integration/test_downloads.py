"""One agent alone that fetches a release over https, by the real zoowarden-fetch."""

import hashlib
import json

import pytest

from lone_agent import Agent, zoowarden
from mirror import Mirror, make_certificate

_VERSION = "3.9.4"
_NAME = f"apache-zookeeper-{_VERSION}-bin.tar.gz"
_CONTENT = bytes(i * 31 % 251 for i in range(300_000))
_SHA512 = hashlib.sha512(_CONTENT).hexdigest()


@pytest.fixture(name="certificates", scope="module")
def _certificates(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificates")
    return {name: make_certificate(directory, name) for name in ("mirror", "other")}


@pytest.fixture(name="mirror")
def _mirror(certificates):
    served = Mirror(*certificates["mirror"], _CONTENT, name=_NAME)
    yield served
    served.close()


@pytest.fixture(name="make_agent")
def _make_agent(tmp_path):
    made = []

    def make(mirror=None, ca="") -> Agent:
        declared = f'download: {{from: ["{mirror.url}"], ca: {ca}}}\n' if mirror else ""
        made.append(Agent(tmp_path, more=declared))
        ensemble = tmp_path / "ensemble.yaml"
        text = ensemble.read_text(encoding="utf-8")
        # The controller has no archive and names none.
        text = text.replace("source: a.tar.gz, ", "").replace("1" * 128, _SHA512)
        assert "source" not in text and _SHA512 in text
        ensemble.write_text(text, encoding="utf-8")
        return made[-1]

    yield make
    for agent in made:
        agent.end()


def _uploads(agent) -> dict:
    return {path.name: path.read_bytes() for path in (agent.home / "state" / "uploads").iterdir()}


def test_what_no_controller_has_is_fetched_and_staged(make_agent, mirror, certificates):
    agent = make_agent(mirror, certificates["mirror"][0])
    done = zoowarden(agent.home, "stage", "-o", "json")
    assert done.returncode == 0, done
    assert [one["staged"] for one in json.loads(done.stdout)["servers"]] == [True]
    assert mirror.ranges == [None], "one request, from the beginning"
    assert _uploads(agent) == {f"{_SHA512}.archive": _CONTENT}
    archive = agent.home / "state" / "uploads" / f"{_SHA512}.archive"
    assert archive.stat().st_mode & 0o777 == 0o600
    listed = zoowarden(agent.home, "releases", "list")
    assert f"archive-{_SHA512[:8]}" in listed.stdout, listed
    # And not again.
    assert zoowarden(agent.home, "stage").returncode == 0
    assert mirror.ranges == [None]


def test_a_download_that_was_cut_off_goes_on_where_it_was(make_agent, mirror, certificates):
    agent = make_agent(mirror, certificates["mirror"][0])
    mirror.break_after = 100_000
    done = zoowarden(agent.home, "stage")
    assert done.returncode != 0 and mirror.url in done.stderr, done
    held = sum(len(content) for content in _uploads(agent).values())
    assert 0 < held <= 100_000
    mirror.break_after = None
    agent.end()  # what was held is on its disk, not in its memory
    agent.start()
    assert zoowarden(agent.home, "stage").returncode == 0
    assert mirror.ranges[0] is None and mirror.ranges[-1] == f"bytes={held}-"
    assert _uploads(agent) == {f"{_SHA512}.archive": _CONTENT}


def test_another_file_of_that_name_is_refused_and_leaves_nothing(make_agent, mirror, certificates):
    agent = make_agent(mirror, certificates["mirror"][0])
    mirror.content = _CONTENT[:-1] + b"x"
    done = zoowarden(agent.home, "stage", "-o", "json")
    assert done.returncode != 0, done
    told = json.loads(done.stdout)["servers"][0]
    assert not told["staged"] and f"not {_SHA512[:16]}" in told["problem"], told
    assert not _uploads(agent)
    assert agent.process.poll() is None


def test_a_mirror_of_another_authority_is_not_trusted(make_agent, mirror, certificates):
    agent = make_agent(mirror, certificates["other"][0])
    done = zoowarden(agent.home, "stage")
    assert done.returncode != 0 and "certificate" in done.stderr, done
    assert not mirror.ranges and not any(_uploads(agent).values())


def test_without_a_mirror_both_places_to_name_the_archive_are_said(make_agent):
    agent = make_agent()
    done = zoowarden(agent.home, "stage")
    assert done.returncode != 0, done
    assert "release.source in ensemble.yaml" in done.stderr, done
    assert "download.from in agent.yaml" in done.stderr, done
    assert not _uploads(agent)
