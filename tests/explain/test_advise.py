"""Before an upgrade: which lines the newer release will not take, and what to type instead."""

from __future__ import annotations

import pytest

from mainmode.config.reader import read
from mainmode.explain.advise import for_release, release
from tests.mirror.test_mirror import configuration, original


def test_releases_are_read_with_and_without_their_maintenance_number() -> None:
    assert release("9.16") == release(" 9.16(2)7 ") == (9, 16)
    for nonsense in ("", "9", "nine", "9.16.1"):
        with pytest.raises(ValueError, match="is no release"):
            release(nonsense)


@pytest.mark.parametrize(("target", "severity"), [((9, 13), "warning"), ((9, 16), "problem")])
def test_old_algorithms_are_named_with_their_lines(target: tuple[int, int], severity: str) -> None:
    found = for_release(configuration(original("a"), "a.cfg"), target)
    assert {one.severity for one in found} == {severity}
    lines = {one.span.text.strip() for one in found if one.span}
    assert lines == {"encryption 3des", "group 2"}


def test_the_document_s_own_release_takes_everything() -> None:
    assert for_release(configuration(original("a"), "a.cfg"), (9, 3)) == ()


def test_transform_sets_and_pfs_groups_count_too_where_they_are_used() -> None:
    text = original("b").replace("TRANSFORM esp-aes esp-sha-hmac", "TRANSFORM esp-3des esp-md5-hmac")
    text += "crypto ipsec ikev1 transform-set UNUSED esp-des esp-md5-hmac\ncrypto map MAP 10 set pfs group5\n"
    said = [one.message.en for one in for_release(configuration(text, "b.cfg"), (9, 16))]
    for algorithm in ("esp-3des", "esp-md5-hmac", "set pfs group5"):
        assert sum(algorithm in message for message in said) == 1
    assert not any("UNUSED" in message for message in said)


def test_a_bare_set_pfs_means_another_group_after_the_upgrade() -> None:
    text = original("b") + "crypto map MAP 10 set pfs\n"
    (note,) = [one for one in for_release(configuration(text, "b.cfg"), (9, 16)) if one.severity == "note"]
    assert note.code == "default-group-changed"


def test_what_is_typed_instead_is_taken() -> None:
    text = original("b")
    while problems := [one for one in for_release(read(text, "b.cfg").config, (9, 16)) if one.severity == "problem"]:
        head = "crypto ikev1 policy 10\n" if problems[0].hint.en.startswith(" ") else ""
        text += f"{head}{problems[0].hint.en}\n"
    assert not read(text, "b.cfg").errors
