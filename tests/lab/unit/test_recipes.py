import xml.etree.ElementTree

import pytest

from zoowarden_lab import recipes
from zoowarden_lab.errors import LabError

NAMESPACE = "{http://maven.apache.org/POM/4.0.0}"


def scopes(version):
    root = xml.etree.ElementTree.fromstring(recipes.pom(version))
    return [entry.find(f"{NAMESPACE}scope").text for entry in root.iter(f"{NAMESPACE}dependency")]


@pytest.mark.parametrize("version", recipes.versions())
def test_every_dependency_is_asked_for_at_runtime_scope(version):
    found = scopes(version)
    assert found and set(found) == {"runtime"}


def test_the_layout_changed_with_3_5():
    assert recipes.archive_name("3.4.14") == "zookeeper-3.4.14.tar.gz"
    assert recipes.archive_name("3.5.10") == "apache-zookeeper-3.5.10-bin.tar.gz"


def test_an_unknown_version_is_named_together_with_the_known_ones():
    with pytest.raises(LabError, match=r"3\.9\.3.*3\.9\.4"):
        recipes.pom("3.9.3")


def test_jline_changed_its_group_inside_two_lines():
    assert "org.jline" not in recipes.pom("3.9.4")
    assert "org.jline" in recipes.pom("3.9.5")
