"""What is refused before anything is touched: no process changes, and the sentence names the reason."""

import shutil
import signal

import pytest

import ensemble as testing
from zoowarden_lab import command

NEW = "3.9.4"


def assert_untouched(made, before):
    assert made.processes() == before


@pytest.fixture(scope="module", name="shared")
def _shared(tmp_path_factory):
    made = testing.Ensemble(tmp_path_factory.mktemp("refusals") / "lab")
    yield made
    made.end()


@pytest.mark.core
def test_3_9_3_is_refused_as_a_target_with_the_reason(shared):
    before = shared.processes()
    wanted = testing.release(NEW)
    done = shared.run("upgrade", "--to", "3.9.3", "--release", wanted.path, "--yes")
    assert done.code == command.REFUSED, done
    assert "ZOOKEEPER-4925" in done.out + done.err and "3.9.4" in done.out + done.err
    assert_untouched(shared, before)


@pytest.mark.core
@pytest.mark.parametrize("pattern, replacement, named", [
    (r"(?s)(- id: 3\b.*?)quorum_port: 12888", r"\1quorum_port: 12889", "servers"),
    (r"^  settings:$", '  settings:\n    reconfigEnabled: "true"', "reconfigEnabled"),
    (r"^  settings:$", '  settings:\n    standaloneEnabled: "false"', "standaloneEnabled"),
])
def test_what_cannot_be_rolled_is_refused_by_name(shared, pattern, replacement, named):
    before, text = shared.processes(), shared.ensemble_text
    try:
        shared.edit(pattern, replacement)
        done = shared.run("apply", "--yes")
    finally:
        shared.lab.ensemble_file.write_text(text, encoding="utf-8")
    assert done.code in (command.REFUSED, command.ERROR), done
    assert named in done.out + done.err, done
    assert_untouched(shared, before)


@pytest.mark.core
def test_a_wrong_digest_is_refused(shared, tmp_path):
    before = shared.processes()
    good = testing.release(NEW)
    for suffix in ("", ".sha512", ".asc"):
        shutil.copy(f"{good.path}{suffix}", tmp_path)
    bad = tmp_path / good.path.name
    with open(bad, "r+b") as archive:
        archive.seek(1000)
        byte = archive.read(1)
        archive.seek(1000)
        archive.write(bytes([byte[0] ^ 1]))
    done = shared.run("upgrade", "--to", NEW, "--release", bad, "--yes")
    assert done.code in (command.REFUSED, command.ERROR), done
    assert "sha" in (done.out + done.err).lower() or "digest" in done.out + done.err
    assert_untouched(shared, before)


@pytest.mark.core
@pytest.mark.parametrize("how", ["other_file", "missing"])
def test_a_wrong_signature_is_refused(shared, tmp_path, how):
    before = shared.processes()
    good, other = testing.release(NEW), testing.release("3.8.4")
    for suffix in ("", ".sha512"):
        shutil.copy(f"{good.path}{suffix}", tmp_path)
    if how == "other_file":
        shutil.copy(f"{other.path}.asc", tmp_path / f"{good.path.name}.asc")
    done = shared.run("upgrade", "--to", NEW, "--release", tmp_path / good.path.name, "--yes")
    assert done.code in (command.REFUSED, command.ERROR), done
    assert "signature" in done.out + done.err, done
    assert_untouched(shared, before)


@pytest.mark.core
def test_a_viewer_may_look_and_not_touch(shared):
    before = shared.processes()
    viewer = shared.lab.directory / "viewer"
    assert shared.run("--pki", viewer, "status").code == command.SUCCEEDED
    wanted = testing.release(NEW)
    done = shared.run("--pki", viewer, "upgrade", "--to", NEW, "--release", wanted.path, "--yes")
    assert done.code not in (command.SUCCEEDED, command.ROLLED_BACK), done
    assert_untouched(shared, before)


@pytest.mark.core
def test_an_unreachable_agent_is_named_and_its_server_never_touched(shared):
    before = shared.processes()
    shared.agent(3).signal(signal.SIGSTOP)
    try:
        done = shared.upgrade(testing.release(NEW))
    finally:
        shared.agent(3).signal(signal.SIGCONT)
    assert done.code == command.REFUSED and "server 3" in done.out + done.err, done
    assert_untouched(shared, before)


def test_a_staged_release_is_listed_and_can_be_taken_away(shared):
    wanted = testing.release(NEW)
    words = ("stage", "--to", NEW, "--release", wanted.path)
    name = f"archive-{wanted.sha512[:8]}"
    staged = shared.run(*words)
    assert staged.code == command.SUCCEEDED, staged
    listed = shared.run("releases", "list")
    assert listed.out.count(name) == len(shared.ids), listed
    removed = shared.run("releases", "remove", name, "--yes")
    assert removed.code == command.SUCCEEDED, removed
    assert name not in shared.run("releases", "list").out


@pytest.mark.core
def test_a_degraded_ensemble_is_refused(shared):
    follower = shared.followers()[0]
    shared.kill_zookeeper(follower)
    try:
        before = shared.processes()
        done = shared.upgrade(testing.release(NEW))
        assert done.code == command.REFUSED and f"server {follower}" in done.out + done.err, done
        assert_untouched(shared, before)
    finally:
        shared.start_zookeeper(follower)
        shared.wait_serving()


@pytest.mark.parametrize("servers", [1, 2])
def test_an_ensemble_that_cannot_keep_its_quorum_needs_allow_outage(make_ensemble, servers):
    made = make_ensemble(servers=servers)
    before = made.processes()
    refused = made.upgrade(testing.release(NEW))
    assert refused.code == command.REFUSED and "--allow-outage" in refused.out + refused.err
    assert_untouched(made, before)
    done = made.upgrade(testing.release(NEW), "--allow-outage")
    assert done.code == command.SUCCEEDED, done
    assert set(made.versions().values()) == {NEW}


def test_a_generation_that_would_run_standalone_is_refused_before_the_stop(make_ensemble):
    """The membership file that would be carried over names the server alone."""
    made = make_ensemble(reconfig=True)
    server = made.lab.server(made.followers()[0])
    current = server.directory / "generations" / "current" / "conf"
    dynamic = max(current.glob("zoo.cfg.dynamic*"))
    own = [line for line in dynamic.read_text(encoding="utf-8").splitlines()
           if line.startswith(f"server.{server.id}=")]
    assert len(own) == 1
    dynamic.write_text(own[0] + "\n", encoding="utf-8")
    before = made.processes()
    done = made.upgrade(testing.release(NEW))
    assert done.code == command.REFUSED, done
    assert "standalone" in done.out + done.err, done
    assert_untouched(made, before)
