"""Real outputs from public pages, damage included, and what must be found in each. Where the page states a cause, that
is what is expected; where it states none, what its lines say; and nothing where there is nothing wrong."""

from __future__ import annotations

import pytest

from mainmode.explain import paste, shown
from mainmode.explain.diagnose import diagnose
from mainmode.explain.diagnosis import Diagnosis
from tests.paths import SHARED, require

CORPUS = SHARED / "corpus"
SEED = SHARED / "seed"
require(CORPUS.is_dir(), "the collection of real outputs is not there")

EXPECTED: dict[str, tuple[str, ...]] = {
    # success walk-throughs: nothing is wrong
    "001-tunnelsup-success-initiator.log": (),
    "002-tunnelsup-success-initiator-html.log": (),
    "020-metron-initiator-negotiated.log": (),
    "049-pix-l2l-responder-lines.log": (),
    "053-pix-rekeying-phase1.log": (),
    # stated: "the remote side has something else defined in their VPN traffic definition"
    "004-aws-initiates-proxyid-0000.log": ("proxy-identity-mismatch",),
    # stated by the command that is shown under it: `crypto map site2site interface outside`
    "037-linux-asa-no-crypto-map-on-interface.log": ("no-crypto-map-on-interface",),
    # stated by the tunnel-group of the page, which is named by an alias
    "042-ru-no-valid-tunnel-group.log": ("no-tunnel-group",),
    # stated: encaps and no decaps
    "007-encaps-no-decaps.show": ("one-way-traffic",),
    # not stated; what the lines say
    "014-metron-lost-service.log": ("peer-lost",),
    "015-metron-idle-timeout.log": ("idle-timeout",),
    "017-metron-no-matching-sa.log": ("unknown-sa",),
    "018-metron-runt-isakmp.log": ("malformed-message",),
    "019-metron-transform-next-payload.log": ("malformed-message",),
    "022-sc4s-antireplay-402119.log": ("replayed-packets",),
    "023-logstash-spec-vpn.log": ("outside-proxies", "replayed-packets"),
    "046-grafana-runt-isakmp-4500.log": ("malformed-message",),
    "050-pix-l2l-idle-timeout.log": ("idle-timeout",),
    "052-pix-encrypted-no-matching-sa.log": ("unknown-sa",),
    "055-pix-esp-request-discarded.log": ("unknown-sa",),
    # up, by the page or by the state and the counters
    "026-ntc-sessiondb-l2l-1.show": (),
    "058-cisco-community-checkpoint-supernet-2.show": (),
    "059-bos-fw1a.show": (),
    "060-strongswan-ha-asa.show": (),
    "061-aws-nag-asa.show": (),
}


def explained(path: str) -> list[Diagnosis]:
    file = CORPUS / path
    source = paste.read_source(paste.decoded([file.read_bytes()]), path)
    return [one for one in diagnose([source.entries], shown=shown.read(source.shown)) if one.failure]


@pytest.mark.parametrize("path", sorted(EXPECTED))
def test_a_real_output_is_explained(path: str) -> None:
    assert [one.rule for one in explained(path)] == list(EXPECTED[path])


def test_the_whole_log_of_a_firewall_gives_what_its_excerpts_give() -> None:
    found = {one.rule for one in explained("021-metron-asa_raw-full.log")}
    assert {"idle-timeout", "peer-lost", "unknown-sa", "malformed-message"} <= found


def test_an_evidence_line_is_the_line_of_the_file() -> None:
    (found,) = explained("004-aws-initiates-proxyid-0000.log")
    lines = (CORPUS / "004-aws-initiates-proxyid-0000.log").read_text().splitlines()
    for one in found.evidence:
        assert one.text.strip() == lines[one.line - 1].strip()


@pytest.mark.parametrize("name", ["initiator.debug", "responder.debug", "tech-note.ja.txt"])
def test_the_document_s_tunnels_came_up_and_nobody_is_accused(name: str) -> None:
    source = paste.read_source(paste.decoded([(SEED / name).read_bytes()]), name)
    assert not [one.rule for one in diagnose([source.entries]) if one.failure]
