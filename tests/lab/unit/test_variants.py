import pytest

from zoowarden_lab import variants
from zoowarden_lab.errors import LabError

SCRIPT = b'case $1 in\nstart)\n    run it\n          echo STARTED\n    ;;\nesac\n'


def test_never_joins_changes_the_flags_of_a_start_and_nothing_after():
    changed = variants.make("never_joins").change(SCRIPT)
    assert changed.endswith(SCRIPT)
    assert b"socksProxyHost" in changed and b'"$1" == start*' in changed


def test_a_variant_for_some_servers_asks_for_their_id():
    changed = variants.make("never_joins", only=[3, 1]).change(SCRIPT)
    assert b'" 1 3 "' in changed and b"myid" in changed


def test_dies_after_kills_at_the_asked_second():
    changed = variants.make("dies_after", after_seconds=7).change(SCRIPT)
    assert b'zoowarden-lab-reaper "$pid" 7 "$ZOOCFG"' in changed


def test_different_failures_have_different_names_in_the_cache():
    made = [variants.make("never_joins"), variants.make("never_joins", [2]),
            variants.make("dies_after"), variants.make("dies_after", [2]),
            variants.make("dies_after", after_seconds=5)]
    assert len({variant.key() for variant in made}) == len(made)


def test_a_script_of_another_shape_is_refused():
    with pytest.raises(LabError, match="zkServer.sh"):
        variants.make("dies_after").change(b"something else")


def test_an_unknown_variant_is_refused():
    with pytest.raises(LabError, match="never_joins"):
        variants.make("explodes")


@pytest.mark.parametrize("name", variants.NAMES)
def test_every_variant_changes_the_script_and_keeps_all_of_it(name):
    changed = variants.make(name, after_seconds=3).change(SCRIPT)
    for line in SCRIPT.splitlines():
        assert line in changed
    assert len(changed) > len(SCRIPT)
