import pathlib
import subprocess

import pytest
import yaml

from zoowarden_lab import layout, releases, writing


@pytest.fixture(name="release")
def _release():
    return releases.Release("3.8.4", pathlib.Path("/some where/a.tar.gz"), "ab" * 64)


def make(directory="/tmp/some where", **options):
    return layout.Lab(pathlib.Path(directory), 77, layout.Options(**options))


def test_every_server_has_an_address_and_ports_below_the_ephemeral_ones(release):
    spec = yaml.safe_load(writing.ensemble(make(observers=1), release))
    assert [server["host"] for server in spec["servers"]] == [
        "127.0.77.1", "127.0.77.2", "127.0.77.3", "127.0.77.4"]
    assert [server["role"] for server in spec["servers"]] == ["participant"] * 3 + ["observer"]
    assert max(layout.PORTS) < 32768 and len(set(layout.PORTS)) == len(layout.PORTS)


def test_paths_with_spaces_survive(release):
    assert yaml.safe_load(writing.ensemble(make(), release))["release"]["source"] == str(
        release.path)


def test_asked_for_settings_win(release):
    lab = make(settings=(("tickTime", "500"),), reconfig=True)
    spec = yaml.safe_load(writing.ensemble(lab, release))
    assert spec["config"]["settings"]["tickTime"] == "500"
    assert spec["config"]["settings"]["reconfigEnabled"] == "true"
    assert any("superDigest=super:" in option for option in spec["config"]["java"]["options"])


def test_authentication_is_enforced_when_asked(release):
    spec = yaml.safe_load(writing.ensemble(make(auth=True), release))
    assert spec["config"]["settings"]["enforce.auth.enabled"] == "true"


def test_the_environment_can_be_sourced_from_a_path_with_spaces(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOOWARDEN_BUILD", "/a build/dev")
    (tmp_path / "env").write_text(writing.environment(make(), layout.binaries()), encoding="utf-8")
    script = f'. "{tmp_path}/env"; echo "$ZOOWARDEN_ENSEMBLE|${{PATH%%:*}}"'
    said = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout
    assert said == b"/tmp/some where/ensemble.yaml|/a build/dev/bin\n"
