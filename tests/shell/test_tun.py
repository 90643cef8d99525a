"""A TUN device in a namespace of its own: long packets or not, a host's packets are packets as on a wire."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.paths import REPO, require
from tests.peers.world import require_programs

_SCRIPT = """
import socket, subprocess, sys
from ipaddress import IPv4Address
from mainmode.ipsec.checksum import checksum
from mainmode.lab.ip import udp
from mainmode.shell import tun as module
from mainmode.shell.tun import Tun

HOST, BEHIND = IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")

def is_sound(packet):
    pseudo = packet[12:20] + bytes((0, packet[9])) + (len(packet) - 20).to_bytes(2)
    return checksum(packet[:20]) == 0 == checksum(pseudo + packet[20:])

offload, mtu = sys.argv[1], int(sys.argv[2])
if offload == "none":
    module._STREAMS = module._DATAGRAMS = 1 << 30  # of which no kernel has heard
elif offload == "tcp":
    module._DATAGRAMS = 1 << 30
elif offload == "refused":
    module._KIND_TCP = module._KIND_UDP = 9  # which no kernel takes
tun = Tun("mm%d", mtu)
assert (tun._streams, tun._datagrams) == (offload != "none", offload in ("all", "refused")), "not what this kernel can"
subprocess.run(["ip", "address", "add", f"{HOST}/24", "dev", tun.name], check=True)

assert "qlen 2000" in subprocess.run(["ip", "link", "show", tun.name], capture_output=True, text=True).stdout

def packets(count):
    found = []
    while len(found) < count:
        found += [packet for packet in tun.read() or () if packet[0] == 0x45]
    return found

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind((str(HOST), 7000))
    one.settimeout(5)
    sent = [bytes([number]) * 100 for number in range(20)] + [b"last"]
    one.setsockopt(17, 103, 100)  # UDP_SEGMENT: the host hands over all of them as one
    one.sendto(b"".join(sent), (str(BEHIND), 7001))
    one.setsockopt(17, 103, 0)
    found = packets(len(sent))
    assert [packet[28:] for packet in found] == sent
    assert all(map(is_sound, found))
    # One with identifications in a row, as a host numbers them, is what can be joined.
    back = [udp(BEHIND, 7001, HOST, 7000, data) for data in sent]
    numbered = []
    for number, packet in enumerate(back):
        made = bytearray(packet)
        made[4:6] = number.to_bytes(2)
        made[10:12] = (int.from_bytes(made[10:12]) - number).to_bytes(2)
        numbered.append(bytes(made))
    for answers in (back, numbered):
        assert tun.write(answers) == 0
        assert [one.recv(2000) for _ in sent] == sent

with socket.create_server((str(HOST), 7000)) as listener, socket.socket() as client:
    client.setblocking(False)
    client.bind((str(HOST), 0))
    client.connect_ex((str(BEHIND), 80))
    (opening,) = packets(1)
    assert is_sound(opening) and opening[33] == 2
print("sound")
"""


@pytest.mark.namespaces
@pytest.mark.parametrize(
    ("offload", "mtu"), [("all", 1500), ("all", 65535), ("tcp", 65535), ("none", 65535), ("refused", 65535)]
)
def test_whatever_the_kernel_offloads_packets_are_whole_and_sound(offload: str, mtu: int) -> None:
    require_programs("unshare", "ip")
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    require(
        offload in ("tcp", "none") or release >= (6, 2), "this kernel has no long UDP packets: they came with Linux 6.2"
    )
    command = ["unshare", "--net", sys.executable, "-c", _SCRIPT, offload, str(mtu)]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "sound\n"), done.stderr
