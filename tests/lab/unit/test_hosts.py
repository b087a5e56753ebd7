import os
import pathlib

import pytest

from zoowarden_lab import host_image, host_lab, host_network, hosts, layout, processes
from zoowarden_lab.errors import LabError


def test_without_root_there_are_no_hosts_and_the_reason_is_told(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "root" in host_image.missing()
    with pytest.raises(LabError, match="root"):
        host_image.get()


def test_a_missing_tool_is_named_with_the_list_to_install(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host_image.shutil, "which", lambda tool: tool != "debootstrap" or None)
    assert "debootstrap" in host_image.missing()
    assert "packaging/hosts-packages.txt" in host_image.missing()


def apt_answers(monkeypatch, *lines):
    monkeypatch.setattr(host_image, "run", lambda command: "\n".join(lines))


def test_the_archives_are_the_machines_own_main_components(monkeypatch):
    apt_answers(monkeypatch, "http://a/debian/ bookworm main", "http://a/debian/ bookworm contrib",
                "http://a/security/ bookworm-security main", "http://b/tool/ stable/amd64 main",
                "http://a/debian/ bookworm main")
    assert host_image.sources() == [("http://a/debian/", "bookworm"),
                                    ("http://a/security/", "bookworm-security")]


def test_no_archive_is_an_error_that_says_where_to_look(monkeypatch):
    apt_answers(monkeypatch, "http://b/tool/ stable/amd64 main")
    with pytest.raises(LabError, match="sources.list"):
        host_image.sources()


def test_another_recipe_is_another_image():
    archives = [("http://a/debian/", "bookworm")]
    plain = host_image._digest(archives, ())
    assert plain == host_image._digest(archives, ())
    assert plain != host_image._digest(archives, ("zookeeperd",))
    assert plain != host_image._digest([("http://b/debian/", "bookworm")], ())


def test_two_labs_share_addresses_but_no_name():
    one, two = (host_network.Network(pathlib.Path(name)) for name in ("/tmp/one", "/tmp/two"))
    assert one.hub != two.hub and one.namespace(1) != two.namespace(1)
    assert one.namespace(1) != one.namespace(2)
    assert hosts.Host(2, one.directory).address == hosts.Host(2, two.directory).address


def test_an_odd_path_is_one_option_to_overlayfs():
    assert hosts._escaped(pathlib.Path("/a,b:c\\d")) == "/a\\,b\\:c\\\\d"


def test_down_of_hosts_that_are_not_there_is_harmless(tmp_path):
    hosts.remove(tmp_path)


def test_a_server_on_a_host_has_the_hosts_address_and_files(tmp_path):
    options = layout.Options(servers=1, observers=1, hosts=True)
    layout.save(layout.Lab(tmp_path, 0, options))
    one, two = layout.load(tmp_path).servers
    assert (one.host, one.observer, two.observer) == (host_network.address(1), False, True)
    assert hosts.of(two) == hosts.Host(2, tmp_path)
    assert one.data == tmp_path / "hosts/1/root/var/lib/zookeeper"


def test_a_missing_package_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOOWARDEN_PACKAGES", str(tmp_path))
    with pytest.raises(LabError, match="./x package"):
        host_lab.package("zoowarden")
    (tmp_path / "zoowarden-agent_0.1.0_amd64.deb").touch()
    (tmp_path / "zoowarden_0.1.0_amd64.deb").touch()
    assert host_lab.package("zoowarden").name == "zoowarden_0.1.0_amd64.deb"


def test_user_and_pids_of_a_process_are_the_kernels():
    assert processes.user(os.getpid()) == os.geteuid()
    assert processes.namespaced(os.getpid())[-1] == str(os.getpid())
    assert processes.namespaced(0) == [] and processes.user(0) == -1
