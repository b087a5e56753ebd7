"""`zoowarden verify` on real servers: what it finds, what it does not take for a finding, the guide."""

import pathlib
import re
import shlex
import subprocess

import pytest

from zoowarden_lab import command, layout, snapshots, zkclient
from zoowarden_lab.layout import CLIENT_PORT

_GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "verify.md"
# A member takes a snapshot after a few transactions, and understands TTL znodes. One that was away
# is sent what it missed: a snapshot of the leader would mend what this test has damaged.
_SETTINGS = (("snapCount", "40"), ("extendedTypesEnabled", "true"), ("commitLogCount", "1000000"))
_DATA = b"the bytes that one disk changes by itself"
_GUARDED_BY = "127.0.0.0/8"  # where the agents are


def client(made, number: int) -> zkclient.Client:
    return zkclient.Client(made.lab.server(number).host, CLIENT_PORT)


def fill(made) -> None:
    """A tree with one of everything."""
    with client(made, made.followers()[0]) as zk:
        zk.create("/app")
        zk.create_many(f"/app/{number:03}" for number in range(300))
        zk.create("/app/damaged", _DATA)
        zk.create("/app/secret", b"not for us", zkclient.NOBODY)
        zk.create("/app/guarded", b"", ((31, "ip", _GUARDED_BY),))
        zk.create("/container", flags=zkclient.CONTAINER)
        zk.create("/container/child")
        zk.create_ttl("/ttl", 3_600_000)
        for path in ("/zookeeper/quota/app", "/zookeeper/quota/app/zookeeper_limits",
                     "/zookeeper/quota/app/zookeeper_stats"):
            zk.create(path, b"count=1000,bytes=1000000" if "_" in path else b"")
        for number in range(200):  # so that everything above is in a snapshot of every member
            zk.set("/container/child", str(number).encode())


def verified(made, *words) -> dict:
    """The document, with the exit code among its fields."""
    outcome = made.run("verify", *words, "-o", "json", seconds=120)
    return {**outcome.json, "exit_code": outcome.code}


def reasons(document: dict) -> set:
    return {finding["reason"] for finding in document["findings"]}


def type_guide(made) -> str:
    """Every command of the guide, once and as it stands there; what all of them printed."""
    said = ""
    for line in _GUIDE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    zoowarden "):
            words = shlex.split(line)
            done = subprocess.run(
                [layout.program(words[0]), *words[1:]], env=made.lab.process_environment(),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=120,
                check=False)
            assert done.returncode == 0, (line, done.stdout)
            said += done.stdout
    return said


def test_a_byte_that_a_disk_changed_is_named_with_its_member(make_ensemble):
    """In data, and in an ACL. No checksum tells of it: those of the snapshot are good. Under load
    nothing else is found."""
    made = make_ensemble(version="3.9.4", settings=_SETTINGS, observers=1)
    fill(made)
    load = made.load(clients=3)
    with client(made, made.followers()[1]) as holder:
        holder.create("/app/held", flags=zkclient.EPHEMERAL)
        document = verified(made, "--deep")
    assert document["exit_code"] == 0 and document["verified"], document
    deep = document["deep"]
    assert deep["complete"] and deep["servers"] == [1, 2, 3, 4] and deep["znodes"] > 300, deep
    assert deep["differences"] == [], deep
    assert {each["znodes"] for each in deep["unreadable"]} == {1}, deep
    assert document["digests_zxid"] and document["digests_members"] == 4, document

    victim = made.followers()[0]
    server = made.lab.server(victim)
    made.kill_zookeeper(victim)
    snapshots.rewrite(server.data, _DATA, _DATA.replace(b"disk", b"desk"))
    snapshots.rewrite(server.data, _GUARDED_BY.encode(), b"126.0.0.0/8")
    made.start_zookeeper(victim)
    made.wait_serving()
    document = verified(made, "--deep")
    assert document["exit_code"] == command.ERROR and not document["verified"], document
    assert sorted((each["path"], each["aspect"], each["odd_servers"])
                  for each in document["deep"]["differences"]) == [
                      ("/app/damaged", "data", [victim]), ("/app/guarded", "access", [victim])]
    assert reasons(document) == {"access_differs", "digests_differ",
                                 "znode_differs"}, document["findings"]
    assert reasons(verified(made)) == {"digests_differ"}  # the cheap form sees that, not where
    assert load.verdict()["lost"] == 0


def test_drift_from_what_should_be_is_told_by_its_kind(make_ensemble):
    made = make_ensemble(version="3.8.4")
    said = type_guide(made)
    assert "ensemble lab: verified" in said and "0 different" in said, said
    before = made.ensemble_text

    def found(pattern, replacement) -> dict:
        made.edit(pattern, replacement)
        document = verified(made)
        made.lab.ensemble_file.write_text(before, encoding="utf-8")
        assert document["exit_code"] == command.ERROR, document
        return document

    document = found(r'^    tickTime: "2000"$', '    tickTime: "2500"')
    assert reasons(document) == {"configuration_differs"}
    assert [finding["server"] for finding in document["findings"]] == [1, 2, 3]
    assert reasons(found(r"^  version: 3\.8\.4$", "  version: 3.8.6")) == {"release_differs"}
    other_port = found(r"(?s)(  - id: 3\n.*?quorum_port: )\d+", r"\g<1>12999")
    assert reasons(other_port) == {"membership_differs"}

    made.kill_zookeeper(2)
    document = verified(made)
    assert "no_process" in reasons(document), document["findings"]
    assert re.search(r"server 2: no ZooKeeper process", " ".join(document["problems"]))
    deep = made.run("verify", "--deep", "-o", "json", seconds=120)
    assert deep.code == command.ERROR and deep.json["deep"]["servers"] == [1, 3], deep
    made.start_zookeeper(2)
    made.wait_serving()

    made.set_setting("globalOutstandingLimit", "1001")
    assert made.run("apply", "--yes").code == command.SUCCEEDED
    kinds = [event["kind"] for event in made.run_shown()["events"]]
    assert kinds.index("rolled") < kinds.index("verified") < kinds.index("run_succeeded"), kinds
    assert verified(made)["verified"]


@pytest.mark.parametrize("words", [("--rate", "5"), ("--deep", "--rate", "fast"),
                                   ("--deep", "--max-differences", "0")])
def test_words_that_make_no_sense_are_refused_before_anything_is_asked(tmp_path, words):
    done = subprocess.run([layout.program("zoowarden"), "--ensemble", tmp_path / "none.yaml",
                           "verify", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", timeout=30, check=False)
    assert done.returncode == command.USAGE and words[-2] in done.stdout, done.stdout
