"""zoowarden-fetch against a real https server: resumed after every chunk, refused by name."""

import os
import subprocess
import threading
import time

import pytest

from mirror import Mirror, make_certificate

FETCH = os.environ.get("ZOOWARDEN_FETCH", "build/dev/bin/zoowarden-fetch")
CONTENT = bytes(i * 31 % 251 for i in range(20_000))
CHUNK = 1_000


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    directory = tmp_path_factory.mktemp("certificates")
    return {name: make_certificate(directory, name) for name in ("mirror", "other")}


@pytest.fixture
def mirror(certificates):
    served = Mirror(*certificates["mirror"], CONTENT)
    yield served
    served.hold_after = None
    served.close()


@pytest.fixture
def fetch(certificates, mirror, tmp_path):
    """Runs the program; gives (reason or "", what is in the file)."""
    output = tmp_path / "a.part"

    def command(url=None, allow=None, ca="mirror", most=1_000_000, spare=0, stall=2, to=output):
        return [FETCH, "--url", url or mirror.url + "release", "--allow", allow or mirror.url,
                "--output", str(to), "--ca", str(certificates[ca][0]),
                "--most-bytes", str(most), "--spare-bytes", str(spare),
                "--stall-seconds", str(stall)]

    def start(environment=None, **more):
        return subprocess.Popen(command(**more), stdout=subprocess.PIPE, text=True,
                                env={"PATH": "/usr/bin:/bin", **(environment or {})})

    def run(**more):
        program = start(**more)
        said, _ = program.communicate(timeout=60)
        assert (program.returncode == 0) == (said == ""), said
        return said.split("\t")[0], output.read_bytes() if output.exists() else b""

    run.command = command
    run.start = start
    run.output = output
    return run


def test_fetches_the_whole_file_readable_by_its_owner_only(fetch):
    assert fetch() == ("", CONTENT)
    assert fetch.output.stat().st_mode & 0o777 == 0o600


def test_goes_on_after_being_killed_at_every_chunk(fetch, mirror):
    """One download, killed after each chunk of it."""
    for held in range(0, len(CONTENT), CHUNK):
        mirror.held.clear()
        mirror.hold_after = CHUNK
        program = fetch.start()
        assert mirror.held.wait(10)
        until = time.monotonic() + 10
        while not fetch.output.exists() or fetch.output.stat().st_size < held + CHUNK:
            assert time.monotonic() < until, fetch.output.stat().st_size
            time.sleep(0.002)
        program.kill()
        program.wait()
        mirror.hold_after = None
        assert fetch.output.read_bytes() == CONTENT[:held + CHUNK]
        assert mirror.ranges[-1] == (f"bytes={held}-" if held else None)
    assert fetch() == ("", CONTENT)


def test_goes_on_after_the_connection_broke_at_every_chunk(fetch, mirror):
    mirror.break_after = CHUNK
    for held in range(CHUNK, len(CONTENT), CHUNK):
        assert fetch() == ("download.interrupted", CONTENT[:held])
    mirror.break_after = None
    assert fetch() == ("", CONTENT)


def test_what_is_complete_is_not_fetched_again(fetch, mirror):
    fetch()
    assert fetch() == ("", CONTENT)
    assert mirror.ranges == [None, f"bytes={len(CONTENT)}-"]


def test_a_server_without_ranges_sends_all_again(fetch, mirror):
    fetch.output.write_bytes(b"x" * 5_000)
    mirror.knows_ranges = False
    assert fetch() == ("", CONTENT)


def test_a_server_that_goes_on_elsewhere_is_refused(fetch, mirror):
    fetch.output.write_bytes(CONTENT[:5_000])
    mirror.lies_about_ranges = True
    assert fetch() == ("download.bad_range", CONTENT[:5_000])


def test_a_server_with_less_than_was_fetched_begins_anew(fetch, mirror):
    fetch.output.write_bytes(b"x" * (len(CONTENT) + 1))
    assert fetch() == ("download.bad_range", b"")
    assert fetch() == ("", CONTENT)


@pytest.mark.parametrize("announced", [True, False])
def test_nothing_larger_than_the_limit(fetch, mirror, announced):
    mirror.announces_length = announced
    reason, got = fetch(most=10_000)
    assert reason == "download.too_large"
    assert len(got) <= 10_000
    if announced:
        assert got == b""
    mirror.announces_length = True
    assert fetch(most=len(CONTENT))[0] == ""


def test_room_is_looked_at_before_anything_is_written(fetch):
    assert fetch(spare=1 << 62) == ("file.no_space", b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_small_disk_is_noticed_before_anything_is_written(fetch, mirror, tmp_path):
    mirror.content = CONTENT * 100
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "zoowarden-test", disk],
                      capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        part = disk / "a.part"
        fetch.output.symlink_to(part)
        assert fetch(most=1 << 30)[0] != "file.no_space"  # never through a link
        fetch.output.unlink()
        said = subprocess.run(fetch.command(most=1 << 30, to=part), capture_output=True, text=True,
                              check=False).stdout
        assert said.startswith("file.no_space\t"), said
        assert part.stat().st_size == 0
    finally:
        subprocess.run(["umount", disk], check=True)


def test_too_slow_is_given_up_and_kept(fetch, mirror):
    mirror.hold_after = CHUNK
    begin = time.monotonic()
    assert fetch(stall=1) == ("download.stalled", CONTENT[:CHUNK])
    assert time.monotonic() - begin < 20


def test_a_redirect_to_http_is_refused(fetch, mirror):
    mirror.redirect = mirror.url.replace("https://", "http://") + "moved"
    assert fetch() == ("download.redirect_not_allowed", b"")


def test_a_redirect_to_a_host_that_is_not_declared_is_refused(fetch, mirror):
    mirror.redirect = mirror.url.replace("127.0.0.1", "127.0.0.2") + "moved"
    assert fetch() == ("download.redirect_not_allowed", b"")


def test_a_redirect_inside_what_is_declared_is_followed(fetch, mirror):
    mirror.redirect = mirror.url + "moved"
    assert fetch() == ("", CONTENT)


def test_redirects_end(fetch, mirror):
    mirror.redirect = mirror.url + "release"
    assert fetch() == ("download.refused", b"")


@pytest.mark.parametrize("url", ["http://127.0.0.1/zk/release", "file:///etc/passwd",
                                 "https://127.0.0.1.evil.example/zk/release"])
def test_only_what_is_declared_is_asked_for(fetch, url):
    assert fetch(url=url) == ("download.not_allowed", b"")


def test_a_prefix_is_not_left_by_dots(fetch, mirror):
    assert fetch(url=mirror.url + "../release") == ("download.not_allowed", b"")


def test_a_certificate_of_another_authority_is_refused(fetch, mirror):
    assert fetch(ca="other") == ("download.tls", b"")
    assert mirror.ranges == []


def test_a_certificate_for_another_name_is_refused(fetch, mirror):
    url = mirror.url.replace("127.0.0.1", "localhost")
    assert fetch(url=url + "release", allow=url) == ("download.tls", b"")


def test_not_found_is_said(fetch, mirror):
    assert fetch(url=mirror.url + "nothing") == ("download.not_found", b"")


@pytest.mark.parametrize(("status", "reason"), [
    (400, "refused"), (401, "refused"), (403, "refused"), (410, "refused"), (451, "refused"),
    (408, "not_now"), (429, "not_now"), (500, "not_now"), (503, "not_now")])
def test_a_refusal_is_told_from_what_may_change(fetch, mirror, status, reason):
    mirror.status = status
    assert fetch() == ("download." + reason, b"")


def test_nobody_there_is_said(fetch, mirror):
    mirror.close()
    assert fetch() == ("download.unreachable", b"")


def test_the_environment_names_no_proxy_and_no_netrc(fetch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    environment = {"https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
                   "HOME": str(tmp_path)}
    assert fetch(environment=environment) == ("", CONTENT)


def test_it_talks_without_any_capability(fetch, mirror):
    mirror.hold_after = CHUNK
    program = fetch.start()
    assert mirror.held.wait(10)
    with open(f"/proc/{program.pid}/status", encoding="ascii") as status:
        sets = {name: int(value, 16) for name, value in
                (line.split(":", 1) for line in status if line.startswith("Cap"))}
    program.kill()
    program.wait()
    assert {name: sets[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {
        "CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapAmb": 0}
    if os.geteuid() == 0:  # who has CAP_SETPCAP can empty this one, too
        assert sets["CapBnd"] == 0


def test_one_at_a_time_writes_to_a_file(fetch, mirror):
    mirror.hold_after = CHUNK
    first = fetch.start()
    assert mirror.held.wait(10)
    until = time.monotonic() + 10
    while fetch.output.stat().st_size < CHUNK:
        assert time.monotonic() < until
        time.sleep(0.002)
    assert fetch() == ("download.busy", CONTENT[:CHUNK])
    first.kill()
    first.wait()
    mirror.hold_after = None
    assert fetch() == ("", CONTENT)


def test_it_ends_with_its_agent(fetch, mirror):
    """Its parent dies by SIGKILL: no download goes on without an agent."""
    mirror.hold_after = CHUNK
    script = ("import subprocess,sys,time\n"
              "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
              "print(child.pid, flush=True)\n"
              "time.sleep(60)\n")
    parent = subprocess.Popen(["/usr/bin/python3", "-c", script, *fetch.command()],
                              stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert mirror.held.wait(10)
    parent.kill()
    parent.wait()
    gone = threading.Event()
    until = time.monotonic() + 10
    while time.monotonic() < until and not gone.is_set():
        try:
            with open(f"/proc/{child}/stat", encoding="ascii") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    gone.set()
        except FileNotFoundError:
            gone.set()
        time.sleep(0.02)
    assert gone.is_set()
