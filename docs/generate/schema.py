"""`reference/json.md`: the fields of schema 1, in words. Knows what each means; a test holds it against real runs.

This is the contract with programs that read the JSON: a field may come, none goes away.
"""

from __future__ import annotations

from docs.generate.markdown import code, table
from docs.generate.markdown import page as whole
from mainmode.explain.report.json import SCHEMA

INTRODUCTION = f"""\
`--format json` prints one object with `"schema": {SCHEMA}`. Every object may get more fields; within a schema none goes away or changes its meaning. Lines are counted from 1,
sources and negotiations from 0. Message ids and SPIs are eight hexadecimal digits. What is not known is `null`. Texts for people (`headline`, `explanation`, `next`)
are in the language of `--lang`; do not match on them, match on `rule`.

A name with `[]` is a list, and what follows stands in each of its objects."""

Fields = dict[str, str]

SOURCES: Fields = {
    "sources[].path": "the file as it was named, `<stdin>` for stdin; in `lab` the configuration",
    "sources[].lines": "lines read",
    "sources[].statements": "debug or syslog lines of IKE and IPsec, wrapped ones put together",
    "sources[].recognised": "how many of them were understood",
    "sources[].dialect": "`asa-debug`, `asa-syslog`, `ios-debug`, `show` or `mixed`",
    "sources[].unread[].line": "a statement that was not understood",
    "sources[].unread[].text": "what it says; a list, cut after the first hundreds",
    "sources[].unread_count": "how many there are in all; of `explain` only",
    "sources[].others": "how many lines are none, by what they are: blank, prompts, remarks, …; of `explain` only",
}

NEGOTIATIONS: Fields = {
    "negotiations[].peer": "address of the other gateway",
    "negotiations[].group": "tunnel-group",
    "negotiations[].role": "`initiator`, `responder` or `unknown`: of the box that printed the log",
    "negotiations[].source": "index into `sources`",
    "negotiations[].outcome": "`established`, `failed` (the log says so) or `incomplete` (the log ends first)",
    "negotiations[].reached": "the last message seen, `MM1` to `QM3`",
    "negotiations[].expected.name": "the message that should have come next; `expected` is null when nothing was",
    "negotiations[].expected.direction": "`sent` or `received`",
    "negotiations[].phase1.outcome": "as above, or `not-seen`",
    "negotiations[].phase1.state": "in the words of `show crypto isakmp sa`: `MM_WAIT_MSG4`, `MM_ACTIVE`",
    "negotiations[].phase2[].message_id": "of the quick mode",
    "negotiations[].phase2[].role": "of the box that printed the log",
    "negotiations[].phase2[].outcome": "as above",
    "negotiations[].phase2[].local": "proxy identity of this end: `192.168.1.0/24`, `10.1.1.1-10.1.1.9`",
    "negotiations[].phase2[].remote": "of the other end",
    "negotiations[].phase2[].protocol": "IP protocol number, 0 for any",
    "negotiations[].phase2[].inbound_spi": "of the SA that decrypts",
    "negotiations[].phase2[].outbound_spi": "of the SA that encrypts",
    "negotiations[].messages[].name": "`MM1` to `QM3`, or another exchange's name",
    "negotiations[].messages[].direction": "`sent` or `received`",
    "negotiations[].messages[].message_id": "`00000000` in phase 1",
    "negotiations[].messages[].length": "octets, as printed; 0 where the box does not tell",
    "negotiations[].messages[].payloads": "names in an ASA's spelling, in order",
    "negotiations[].messages[].line": "where it stands",
    "negotiations[].messages[].at": "seconds, if the log has times",
    "negotiations[].messages[].retransmissions": "lines at which it was sent again",
    "negotiations[].messages[].note": "what became of it, if something did",
    "negotiations[].lines[].line": "a line that belongs to this negotiation",
    "negotiations[].lines[].stage": "the message it belongs to",
    "negotiations[].lines[].event": "what it says: a name of the [events](events.md)",
    "negotiations[].lines[].config[].file": "a configuration line that it comes from",
    "negotiations[].lines[].config[].line": "",
    "negotiations[].lines[].config[].text": "",
}

DIAGNOSES: Fields = {
    "diagnoses[].rule": "a name of the [faults](../faults/README.md); the one stable handle",
    "diagnoses[].certainty": "`certain` (a line or both configurations say so), `likely` (the usual cause) or `possible` (one among several)",
    "diagnoses[].failure": "false for a note, which accuses nobody",
    "diagnoses[].negotiation": "index over all negotiations; null where none is meant",
    "diagnoses[].stage": "the message it failed at; empty before the first",
    "diagnoses[].headline": "one sentence",
    "diagnoses[].explanation": "what is seen, and what it means",
    "diagnoses[].evidence[].source": "index into `sources`",
    "diagnoses[].evidence[].line": "where it stands; in `lab` the ordinal in that site's debug",
    "diagnoses[].evidence[].text": "the line that shows it",
    "diagnoses[].config[].file": "a configuration line that has to do with it",
    "diagnoses[].config[].line": "",
    "diagnoses[].config[].text": "",
    "diagnoses[].ruled_out": "rules that this excludes, as far as the log tells",
    "diagnoses[].fixes[].site": "`a` or `b`, in the order in which configurations were given",
    "diagnoses[].fixes[].commands": "to be typed in configuration mode; a known key is `*****`, words in `<>` are yours",
    "diagnoses[].fixes[].verified": "true: applied in the lab, the tunnel came up; false: it did not; null: not tried",
    "diagnoses[].next": "what to run, and where, to know more",
    "diagnoses[].times": "how many negotiations ended this way",
}

EXPLAIN: Fields = {"schema": "1", **SOURCES, **NEGOTIATIONS, **DIAGNOSES}

LAB: Fields = {
    "schema": "1",
    "established": "whether both phases came up on both sides",
    "delivered.a_to_b": "packets of the four that site b's host got",
    "delivered.b_to_a": "and of the four that went back",
    "seconds": "virtual time that passed",
    "trigger": "the packet that wanted through, as `--trigger` takes it",
    "sites[].name": "`a` or `b`",
    "sites[].hostname": "from the configuration",
    "sites[].role": "`initiator` or `responder`",
    "sites[].debug[].at": "virtual seconds",
    "sites[].debug[].text": "the line, as the ASA of this release prints it",
    "sites[].debug[].stage": "the message it belongs to",
    "sites[].debug[].config[].file": "a configuration line that it comes from",
    "sites[].debug[].config[].line": "",
    "sites[].debug[].config[].text": "",
    "sites[].show": "output of each `show` at the end, by the command without its `show`",
    "wire[].at": "virtual seconds",
    "wire[].from": "`a` or `b`",
    "wire[].name": "the message, `esp`, or what else it is",
    "wire[].length": "octets in the datagram",
    "wire[].fate": "what a fault did to it",
    **{f"explanation.{path}": meaning for path, meaning in EXPLAIN.items()},
}

_CHECKED: Fields = {
    "file": "the configuration",
    "findings[].severity": "`problem`, `warning` or `note`",
    "findings[].code": "which one; stable",
    "findings[].message": "one sentence",
    "findings[].line": "where; null where it is about what is missing",
    "findings[].column": "",
    "findings[].text": "the line",
    "findings[].hint": "what to type instead",
    "support": "how many lines are in each [state of support](commands.md)",
    "lines[].line": "every line that says something",
    "lines[].text": "",
    "lines[].support": "its state",
    "lines[].note": "the sentence beside it, where it is not `done`",
}

CHECK: Fields = {
    "schema": "1",
    **_CHECKED,
    **{f"peer.{path}": meaning for path, meaning in _CHECKED.items()},
    **DIAGNOSES,
}

_IKE_SA: Fields = {
    "peer": "address of the other gateway",
    "peer_port": "500, or 4500 and others behind a NAT",
    "local": "address of this gateway",
    "local_port": "",
    "interface": "by its `nameif`",
    "tunnel_group": "null until it is chosen",
    "role": "`initiator` or `responder`",
    "state": "in the words of `show crypto isakmp sa`",
    "encryption": "as configured: `aes-256`; null until it is agreed, like what follows",
    "hash": "",
    "dh_group": "its number",
    "lifetime": "seconds, as agreed",
    "lifetime_left": "seconds",
    "nat.local": "whether this end is behind a NAT",
    "nat.remote": "whether the other is",
    "tunnels": "how many pairs of IPsec SAs hang on it",
}

_IPSEC_SA: Fields = {
    "interface": "by its `nameif`",
    "crypto_map": "which entry made it",
    "sequence": "",
    "access_list.file": "the line of the crypto access-list; `access_list` is null if there is none",
    "access_list.line": "",
    "access_list.text": "",
    "local": "proxy identity of this end, as `show crypto ipsec sa` has it",
    "remote": "of the other end",
    "local_endpoint.address": "outside of ESP",
    "local_endpoint.port": "4500 for ESP in UDP, else 0",
    "peer.address": "the other gateway",
    "peer.port": "",
    "tunnel_group": "",
    "encryption": "as configured: `esp-aes`",
    "authentication": "`esp-sha-hmac`; null without",
    "pfs_group": "its number; null without PFS",
    "lifetime_left": "seconds",
    "replaced": "whether a newer pair is in use already",
    "inbound.spi": "eight hexadecimal digits",
    "inbound.octets": "that came in",
    "outbound.spi": "",
    "outbound.octets": "that went out",
    "counters": "those of `show crypto ipsec sa detail`, in the spelling of names in programs: `encaps`, `replay_failed_rcv`",
}


def _each(name: str, fields: Fields) -> Fields:
    return {f"{name}[].{path}": meaning for path, meaning in fields.items()}


_LISTED_IKE_SA: Fields = {**_IKE_SA, "rekey": "whether it is the `Rekey` one of two with a peer"}

_SESSION: Fields = {
    **_IKE_SA,
    "index": "the number by which `vpn-sessiondb logoff index` takes it",
    "since": "seconds since 1970",
    **_each("ipsec_sas", _IPSEC_SA),
}

EXEC: Fields = {
    "schema": "1",
    "command": "as it was understood, abbreviations written out",
    "error": "an ASA's answer to a wrong command, or why it could not be carried out; else absent",
    **_each("ikev1_sas", _LISTED_IKE_SA),
    "ikev2_sas": "always empty",
    **_each("ipsec_sas", _IPSEC_SA),
    **_each("sessions", _SESSION),
    **_each(
        "interfaces",
        {
            "interface": "hardware name",
            "name": "`nameif`",
            "address": "",
            "netmask": "of `show ip`",
            "shutdown": "of `show interface ip brief`",
        },
    ),
    **_each(
        "access_lists",
        {
            "name": "",
            "lines[].line": "its number; remarks have one too",
            "lines[].text": "as configured",
            "lines[].elements[].text": "groups and names resolved; none in a list that no crypto map names",
            "lines[].elements[].hits": "packets",
        },
    ),
    "gateway_of_last_resort": "of `show route`: address; null: there is none",
    **_each(
        "routes",
        {
            "kind": "`connected`, `local` (9.x), `static` or `vpn`",
            "network": "",
            "netmask": "",
            "interface": "`nameif`",
            "gateway": "of a static one; else null",
            "distance": "likewise",
        },
    ),
    "at": "of `show clock`: seconds since 1970",
    "version": "of `show version`, like what follows: which mainmode this is",
    "release": "whose layout it speaks in",
    "hostname": "",
    "since": "seconds since 1970",
    "cleared": "of `clear capture`: names",
    "logged_off": "of `vpn-sessiondb logoff`: how many sessions",
    "following": "of a line that ends with `?`: the words that can follow",
    "names": "and which names",
    "lines": "of `show running-config`, keys masked",
    "dropped": "counts of `show asp drop`, by an ASA's names of the reasons: `acl-drop`",
    "ikev1": "counts, named like the lines of `show crypto protocol statistics ikev1`",
    "ipsec": "counts, named like the lines of `show crypto ipsec stats`; those of a direction in `inbound`, `outbound`",
    "debug.ikev1": "level, 0 for off; of every `debug` command",
    "debug.ipsec": "",
    "peers": "to which the debug is limited; empty where it is not. Of `vpn-sessiondb logoff`: whose sessions ended",
    **_each("captures", {"name": "", "interface": "", "state": "", "packets": "how many", "octets": ""}),
    "capture.name": "of `show capture NAME` and of `capture`",
    "capture.interface": "",
    "capture.state": "",
    "capture.octets": "",
    "capture.packets": "how many; in `show capture NAME` the packets themselves",
    "capture.packets[].at": "seconds since 1970",
    "capture.packets[].hex": "from the IP header on",
    "source": "of `ping`, like what follows",
    "destination": "",
    "sent": "",
    "received": "",
    "milliseconds": "of each answer; null where none came",
    **_each(
        "phases", {"type": "of `packet-tracer`", "subtype": "", "result": "", "config": "lines", "information": "lines"}
    ),
    "input_interface": "of `packet-tracer`, like what follows",
    "output_interface": "",
    "action": "`allow` or `drop`",
    "drop_reason": "null if it is allowed",
}

RULES: Fields = {
    "[].rule": "a name",
    "[].phase": "`before MM1`, `phase 1`, `phase 2`, `afterwards`",
    "[].headline": "with the places for values in braces",
}
RULE: Fields = {"rule": "its name", "page": "Markdown"}

MAPS = (
    "sources[].others",
    "explanation.sources[].others",
    "sites[].show",
    "support",
    "ipsec",
    "peer.support",
    "dropped",
    "ikev1",
    "ipsec_sas[].counters",
    "sessions[].ipsec_sas[].counters",
)
"""Objects whose names are data."""


def page() -> str:
    explanation = {path: meaning for path, meaning in LAB.items() if not path.startswith("explanation.")}
    peer = {path: meaning for path, meaning in CHECK.items() if not path.startswith(("peer.", "diagnoses"))}
    commands = {
        path: meaning
        for path, meaning in EXEC.items()
        if not path.startswith(("ipsec_sas[", "ikev1_sas[", "sessions["))
    }
    return whole(
        "JSON, schema 1",
        INTRODUCTION,
        "## mainmode explain",
        _table({"schema": "1", **SOURCES}),
        "### Negotiations",
        _table(NEGOTIATIONS),
        "### Diagnoses",
        "The most likely cause first, at most one per root cause; notes come last.",
        _table(DIAGNOSES),
        "## mainmode lab",
        _table({**explanation, "explanation": "all that `mainmode explain` prints, of both debugs"}),
        "## mainmode check",
        _table(
            {
                **peer,
                "peer": "the same fields, but `schema`, of the second configuration; null without one",
                "diagnoses": "as above: what goes wrong between the two; empty without a second one",
            }
        ),
        "## mainmode rule",
        "Without a name, a list:",
        _table(RULES),
        "With one:",
        _table(RULE),
        "## mainmode exec",
        "One object for each command, with those of these fields that the command has to do with.",
        _table(commands),
        "### ikev1_sas[]",
        _table(_LISTED_IKE_SA),
        "### ipsec_sas[]",
        _table(_IPSEC_SA),
        "### sessions[]",
        "The fields of `ikev1_sas[]` without `rekey`, `ipsec_sas[]` as above, and:",
        _table({path: meaning for path, meaning in _SESSION.items() if path in ("index", "since")}),
    )


def _table(fields: Fields) -> str:
    return table(("field", "is"), [(code(path), meaning) for path, meaning in fields.items()])
