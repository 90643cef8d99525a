"""The real server on this machine: what it answers, what it refuses, what it costs, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from html import unescape
from pathlib import Path

import pytest

from mainmode.cli import main
from mainmode.language import Lang
from mainmode.shell.web.form import LIMIT
from mainmode.shell.web.server import HEADERS, PLACES
from mainmode.shell.web.strings import STRINGS
from tests.paths import require
from tests.report.pages import Parsed
from tests.web.server import (
    FORM,
    INITIATOR,
    MAINMODE,
    PAIR,
    RESPONDER,
    SITE_A,
    SITE_B,
    Part,
    Server,
    answered,
    children,
    encoded,
    pasted,
    peak,
    served,
    started,
    uploaded,
)

MEBI = 1 << 20
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> \u202egnp.exe\u2066 \x1b[31m\x07 \u200b&amp;"
SLOW = b"<script>x</script>\n" * (4 * MEBI // 19)
"""Nobody's debug, and tried as one line by line: takes the explainer a long while."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


def pair() -> list[Part]:
    return [pasted(name, path.read_bytes()) for name, path in PAIR]


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def lives(process: int) -> bool:
    """Whether it is there, and is more than a number that nobody has collected."""
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


# --- reports ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_report_is_the_one_that_the_command_line_writes(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: Lang
) -> None:
    for name, path in PAIR:
        (tmp_path / f"{name[-1]}.{'log' if 'log' in name else 'cfg'}").write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    arguments = ["explain", "a.log", "b.log", "--config", "a.cfg", "--config", "b.cfg", "--lang", lang]
    assert main([*arguments, "--format", "html", "--output", "report.html"]) == 1
    assert main([*arguments, "--output", "report.txt"]) == 1
    written = (tmp_path / "report.html").read_text()
    assert STRINGS["title"].to(lang) not in written
    assert '<span class="badge good">' in written  # a mend was tried

    page = server.post(*pair(), pasted("lang", lang))
    assert page.status == 200
    way_back = f'<p class="back small"><a href="/?lang={lang}">'
    assert page.text.count(way_back) == 1
    assert re.sub(f"{re.escape(way_back)}.*?</p>", "", page.text) == written

    file = server.post(*pair(), pasted("lang", lang), pasted("answer", "file"))
    assert file.headers["content-disposition"] == 'attachment; filename="mainmode-report.html"'
    assert file.text == written

    text = server.post(*pair(), pasted("lang", lang), pasted("answer", "text"))
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == (tmp_path / "report.txt").read_text()


def test_files_are_read_like_pastes(server: Server) -> None:
    parts = [uploaded(name, path.name, path.read_bytes()) for name, path in PAIR]
    parts += [pasted(name, "") for name, _ in PAIR]
    page = server.post(*parts)
    assert page.status == 200
    assert "<code>policy-mismatch</code>" in page.text
    for name in ("initiator.log", "responder.log", "site-a.cfg", "site-b.cfg"):
        assert name in page.text
    utf16 = RESPONDER.read_text().encode("utf-16")
    assert "<code>policy-mismatch</code>" in server.post(uploaded("log-a", "x.log", utf16)).text


def test_one_log_is_enough_and_a_well_tunnel_is_no_failure(server: Server) -> None:
    assert "<code>policy-mismatch</code>" in server.post(pasted("log-b", RESPONDER.read_bytes())).text
    said = server.post(pasted("log-a", INITIATOR.read_bytes().splitlines()[0]))
    assert said.status == 200


def test_the_example_fills_the_form_with_the_broken_pair(server: Server) -> None:
    assert INITIATOR.read_text().splitlines()[0] not in server.get("/").text
    filled = server.get("/?lang=en&example=1").text
    areas = re.findall(r'<textarea id="([^"]+)"[^>]*>\n(.*?)</textarea>', filled, re.DOTALL)
    assert {name: unescape(text) for name, text in areas} == {name: path.read_text() for name, path in PAIR}


# --- what cannot be used ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing of the kind", "x.log: no line of it is an ASA's IKE or IPsec debug, syslog or show output"),
        (b"\x00\x01\x02" * 1000, "x.log: this is no text; expected an ASA's debug, syslog or show output"),
        (b"", "x.log: the file is empty; expected an ASA's debug, syslog or show output"),
        (SITE_A.read_bytes(), "x.log: this is a configuration; give it with --config, and a log to explain"),
    ],
)
def test_what_cannot_be_used_is_told_as_the_command_line_tells_it(server: Server, content: bytes, said: str) -> None:
    answer = server.post(uploaded("log-a", "x.log", content))
    assert (answer.status, answer.reason) == (422, said)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_form_without_a_log_is_told_in_its_language(server: Server, lang: Lang) -> None:
    answer = server.post(pasted("config-a", SITE_A.read_bytes()), pasted("lang", lang))
    assert (answer.status, answer.reason) == (422, STRINGS["refused.empty"].to(lang).replace("`", ""))
    assert f'<html lang="{lang}">' in answer.text


def test_a_mistake_in_a_configuration_is_told_with_its_place_and_without_its_key(server: Server) -> None:
    wrong = SITE_B.read_text().replace("pre-shared-key cisco", "pre-shared-key aVerySecretKey too much")
    answer = server.post(pasted("log-a", RESPONDER.read_bytes()), pasted("config-b", wrong))
    assert answer.status == 422
    assert re.match(r"b\.cfg:40:\d+: [a-z -]+\n", answer.reason)
    assert "aVerySecretKey" not in answer.text


@pytest.mark.parametrize("form", ["page", "file", "text"])
def test_keys_are_in_no_report(server: Server, form: str) -> None:
    key = "aVerySecretKey"
    parts = [(name, file, content.replace(b"cisco", key.encode())) for name, file, content in pair()]
    parts.append(pasted("log-a", f"{RESPONDER.read_text()}\ntunnel-group x\n ikev1 pre-shared-key {key}\n"))
    assert any(key.encode() in content for _, _, content in parts)
    answer = server.post(*parts, pasted("answer", form))
    assert answer.status == 200
    assert "policy-mismatch" in answer.text
    assert key not in answer.text


@pytest.mark.parametrize("form", ["page", "text"])
def test_hostile_text_is_shown_as_text_wherever_it_comes_from(server: Server, form: str) -> None:
    log = f"{RESPONDER.read_text()}\n[IKEv1]: IP = 10.0.0.1, {HOSTILE}\n[IKEv1]: Group = {HOSTILE}, IP = 10.0.0.1, x\n"
    config = SITE_A.read_text().replace("interface", f"! {HOSTILE}\ninterface", 1)
    name = "<script>alert(1)</script>\u202e.log"
    answer = server.post(
        uploaded("log-a", name, log.encode()),
        pasted("config-a", config),
        pasted("answer", form),
        pasted("lang", HOSTILE),
    )
    assert answer.status == 200
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u202e\u2066]", answer.text)
    assert "\\u202egnp.exe" in answer.text
    if form == "page":
        assert not {"script", "img"} & set(Parsed(answer.text).tags)
        assert "&lt;script&gt;alert(1)&lt;" in answer.text
    refused = server.post(uploaded("log-a", name, b"nothing"))
    assert refused.status == 422
    assert not {"script", "img"} & set(Parsed(refused.text).tags)
    assert "\u202e" not in refused.text
    assert "script>" in refused.reason


# --- whose requests are heard -------------------------------------------------------------------------------------


def test_a_form_from_elsewhere_is_refused(server: Server) -> None:
    ours = {"Origin": server.address.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert server.post(*pair(), headers=ours).status == 200
    for theirs in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = server.post(*pair(), headers=ours | theirs)
        assert (answer.status, answer.reason) == (403, STRINGS["refused.origin"].to("en"))
    for token in ("", "0" * 64):
        answer = server.post(*pair(), headers=ours, token=token)
        assert (answer.status, answer.reason) == (403, STRINGS["refused.token"].to("en").replace("`", ""))


@pytest.mark.parametrize("path", ["/", "/?example=1", "/report", "/nothing"])
def test_a_name_that_is_not_ours_is_refused_on_every_path(server: Server, path: str) -> None:
    answer = server.get(path, {"Host": "evil.example"})
    assert (answer.status, answer.reason) == (421, STRINGS["refused.host"].to("en"))
    assert server.token not in answer.text
    assert server.get("/", {"Host": "localhost:1"}).status == 200


def test_what_is_not_there_is_said_in_a_line(server: Server) -> None:
    for path, method, status in (("/nothing", "GET", 404), ("/../etc/passwd", "GET", 404), ("/", "DELETE", 405)):
        answer = server.get(path, method=method)
        assert (answer.status, answer.reason) == (status, STRINGS["refused.path"].to("en"))
    back = server.get("/report")
    assert (back.status, back.headers["location"]) == (303, "/?lang=en")


def test_every_answer_says_what_a_browser_may_do_with_it(server: Server) -> None:
    answers = {
        "form": server.get("/"),
        "report": server.post(*pair()),
        "text": server.post(*pair(), pasted("answer", "text")),
        "reason": server.post(),
        "host": server.get("/", {"Host": "evil.example"}),
        "path": server.get("/nothing"),
        "redirection": server.get("/report"),
    }
    for name, answer in answers.items():
        for header, value in HEADERS.items():
            said = answer.headers[header.lower()]
            if header == "Content-Security-Policy":
                assert said.startswith("default-src 'none'; "), name
                assert "frame-ancestors 'none'" in said, name
                assert "unsafe" not in said, name
            elif (name, header) == ("form", "Referrer-Policy"):
                assert said == "same-origin"
            else:
                assert said == value, name
        assert "server" not in answer.headers
        assert "set-cookie" not in answer.headers
        assert ("script-src" in answer.headers["content-security-policy"]) == (name == "form")
    for name in ("form", "report", "reason"):
        page = Parsed(answers[name].text)
        assert page.tags.count("script") == (name == "form")
        assert {link for link in page.links if not link.startswith(("#", "/"))} == {"data:,"}


def test_the_form_says_that_nothing_is_stored_and_whether_it_is_reached_over_a_network(server: Server) -> None:
    for lang in ("en", "ja"):
        page = server.get(f"/?lang={lang}").text
        assert STRINGS["promise"].to(lang) in page
        assert STRINGS["in.clear"].to(lang) not in page
    process = subprocess.Popen([MAINMODE, "web", "--listen", "0.0.0.0:0"], stdout=-1, stderr=-1, text=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().rstrip().rstrip("/").rpartition(":")[2]
        assert STRINGS["in.clear"].to("en") in Server(process, f"http://127.0.0.1:{port}/").get("/").text
    finally:
        process.terminate()
        complaint = process.communicate(timeout=30)[1]
    assert "0.0.0.0 is reached over the network, without encryption and without a login" in complaint


# --- languages ----------------------------------------------------------------------------------------------------


def test_the_language_is_chosen_asked_for_or_the_locales(server: Server) -> None:
    def lang(server: Server, path: str = "/", accepted: str = "") -> str:
        return re.findall('<html lang="(..)">', server.get(path, {"Accept-Language": accepted}).text)[0]

    assert lang(server, "/?lang=ja", "en") == "ja"
    assert lang(server, "/", "ja,en;q=0.5") == "ja"
    assert lang(server, "/?lang=%3Cscript%3E", "en") == "en"
    environment = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LC_MESSAGES")}
    with served(environment=environment | {"LANG": "ja_JP.UTF-8"}) as of_locale:
        assert [lang(of_locale), lang(of_locale, accepted="en")] == ["ja", "en"]
    with served("--lang", "ja") as of_option:
        assert [lang(of_option, accepted="en"), lang(of_option, "/?lang=en")] == ["ja", "en"]


# --- limits -------------------------------------------------------------------------------------------------------


def test_a_form_that_is_too_large_is_refused_in_a_line_and_not_kept(server: Server) -> None:
    before = peak(server.process.pid)
    said = STRINGS["refused.size"].to("en").format(limit=LIMIT // MEBI).replace("`", "")
    whole = server.post(pasted("log-a", b"a" * (LIMIT * 3)))
    assert (whole.status, whole.reason) == (413, said)

    def endless() -> Iterator[bytes]:
        yield encoded([pasted("log-a", b"")]).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        for _ in range(LIMIT * 2 // MEBI):
            yield bytes(MEBI)

    with closing(server.connect()) as connection:
        connection.request(
            "POST", "/report", endless(), {"Content-Type": FORM, "Transfer-Encoding": "chunked"}, encode_chunked=True
        )
        assert answered(connection.getresponse()).reason == said
    assert server.get("/").status == 200
    # Twice the limit was sent, and thrice: neither is in memory.
    assert peak(server.process.pid) - before < 2 * LIMIT


def test_fifty_megabytes_of_a_firewalls_log_become_a_report(server: Server) -> None:
    noise = b"".join(
        b"Nov 25 2026 10:00:00 fw1 : %%ASA-6-302013: Built outbound TCP connection %d for outside:198.51.100.7/443 "
        b"(198.51.100.7/443) to inside:10.20.1.2/%d (10.20.1.2/%d)\n" % (number, number % 60_000, number % 60_000)
        for number in range(320_000)
    )
    paste = RESPONDER.read_bytes() + noise
    assert len(paste) > 50_000_000
    began = time.monotonic()
    answer = server.post(pasted("log-a", paste))
    took = time.monotonic() - began
    assert answer.status == 200
    assert "<code>policy-mismatch</code>" in answer.text
    assert len(answer.content) < 200_000
    # A paste, its copy on the way to the explainer, what is in the pipe; and a machine that has other things to do.
    assert peak(server.process.pid) < 500 * MEBI
    assert took < 100


def test_the_page_answers_while_something_large_is_read_and_what_nobody_waits_for_is_given_up(server: Server) -> None:
    pid = server.process.pid
    assert children(pid) == []
    connection = server.connect()
    body = encoded([pasted("token", server.token), pasted("log-a", SLOW)])
    connection.request("POST", "/report", body, {"Content-Type": FORM})
    until(lambda: children(pid))
    [worker] = children(pid)
    # It may write no file, and has so much memory.
    limits = Path(f"/proc/{worker}/limits")
    until(lambda: re.search(rf"Max address space +{2 << 30} ", limits.read_text()))
    assert re.search(r"Max file size +0 ", limits.read_text())
    assert re.search(r"Max core file size +0 ", limits.read_text())
    began = time.monotonic()
    assert server.get("/").status == 200
    assert time.monotonic() - began < 5
    assert children(pid) == [worker]
    connection.close()
    until(lambda: not children(pid))


def test_two_reports_at_once_are_both_made(server: Server) -> None:
    with ThreadPoolExecutor() as several:
        asked = [
            several.submit(server.post, *pair()),
            several.submit(server.post, pasted("log-a", INITIATOR.read_bytes()), pasted("lang", "ja")),
        ]
        first, second = (one.result() for one in asked)
    assert 'class="badge good"' in first.text
    assert '<html lang="ja">' in second.text
    assert "b.cfg" not in second.text


def test_more_at_once_than_there_are_places_are_refused(server: Server) -> None:
    body = encoded([pasted("token", server.token), pasted("log-a", INITIATOR.read_bytes())])
    with ExitStack() as opened:
        waiting = [opened.enter_context(closing(server.connect())) for _ in range(PLACES)]
        for connection in waiting:  # each sends all but the end of its form
            connection.putrequest("POST", "/report")
            connection.putheader("Content-Type", FORM)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[:-1])
        assert server.get("/").status == 200  # in its turn: behind the others
        one_more = server.send(body, {"Content-Type": FORM})
        assert (one_more.status, one_more.reason) == (503, STRINGS["refused.busy"].to("en").format(count=PLACES))
        for connection in waiting:
            connection.send(body[-1:])
        assert [answered(connection.getresponse()).status for connection in waiting] == [200] * PLACES
    assert server.send(body, {"Content-Type": FORM}).status == 200


def test_nothing_of_a_paste_is_left_on_the_disk(tmp_path: Path) -> None:
    folders = {name: str(tmp_path / name) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    for folder in folders.values():
        Path(folder).mkdir()
    log = RESPONDER.read_bytes() + b"%ASA-6-302013: Built outbound TCP connection\n" * 60_000
    assert len(log) > 2 * MEBI  # what the usual parser puts into a file
    with served(environment=os.environ | folders, folder=tmp_path) as server:
        answer = server.post(uploaded("log-a", "x.log", log), pasted("log-b", log))
        assert answer.status == 200
        assert "<code>policy-mismatch</code>" in answer.text
        # It could not, with this limit; what it would try is in none of its folders either.
        assert re.search(r"Max file size +0 ", Path(f"/proc/{server.process.pid}/limits").read_text())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# --- an explainer that does not do what it should -----------------------------------------------------------------


@contextmanager
def served_with(worker: Sequence[str], **limits: int) -> Iterator[Server]:
    """The server with another command that explains, and with other limits of its own."""
    code = (
        "from mainmode.shell.web import server\n"
        f"for name, value in {limits!r}.items(): setattr(server, name, value)\n"
        f"server.serve(server.Options('127.0.0.1', 0, {tuple(worker)!r}), lambda address: print(address, flush=True))"
    )
    with started([sys.executable, "-c", code]) as server:
        yield server


def test_an_explainer_that_fails_is_our_mistake_and_the_page_says_so() -> None:
    said = STRINGS["refused.broken"].to("en")
    for worker in (["/bin/false"], ["/bin/echo", "no answer"], ["/bin/sh", "-c", "kill -9 $$"]):
        with served_with(worker) as server:
            answer = server.post(*pair())
            assert (answer.status, answer.reason) == (500, said)
            assert server.post(*pair()).status == 500  # its place is free again


def test_an_explainer_whose_time_is_up_is_killed() -> None:
    with served_with(["/bin/sleep", "600"], SECONDS=1) as server:
        answer = server.post(*pair())
        said = STRINGS["refused.long"].to("en").format(seconds=1).replace("`", "")
        assert (answer.status, answer.reason) == (422, said)
        assert children(server.process.pid) == []


def test_an_explainer_that_needs_more_memory_than_it_is_granted_is_told_in_a_line() -> None:
    code = f"import mainmode.cli.worker as w; w.MEMORY = {80 * MEBI}; w.main()"
    with served_with([sys.executable, "-c", code]) as server:
        answer = server.post(pasted("log-a", RESPONDER.read_bytes() + bytes(LIMIT - MEBI)))
        said = STRINGS["refused.memory"].to("en").replace("`", "")
        assert (answer.status, answer.reason) == (413, said)


def test_a_form_that_does_not_come_to_an_end_is_given_up() -> None:
    with served_with(["/bin/false"], BODY_SECONDS=1, DRAIN_SECONDS=1) as server:
        body = encoded([pasted("token", server.token), *pair()])
        with closing(server.connect()) as connection:
            connection.putrequest("POST", "/report")
            connection.putheader("Content-Type", FORM)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[:-1])
            answer = answered(connection.getresponse())
        assert (answer.status, answer.reason) == (408, STRINGS["refused.slow"].to("en").format(seconds=1))


# --- beginning and end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly_and_whatever_is_being_explained(signal_: signal.Signals) -> None:
    with served() as server:
        body = encoded([pasted("token", server.token), pasted("log-a", SLOW)])
        with closing(server.connect()) as connection:
            connection.request("POST", "/report", body, {"Content-Type": FORM})
            until(lambda: children(server.process.pid))
            [worker] = children(server.process.pid)
            server.process.send_signal(signal_)
            answer = answered(connection.getresponse())
        assert (answer.status, answer.reason) == (503, STRINGS["refused.stopping"].to("en"))
        stdout, stderr = server.process.communicate(timeout=30)
        assert server.process.returncode == 0
        assert stdout == ""
        assert stderr.splitlines() == [
            "mainmode web: nothing that is pasted there is stored or sent on; Ctrl-C ends it"
        ]
        assert not lives(worker)


def test_an_explainer_does_not_outlive_a_server_that_was_killed() -> None:
    with served() as server:
        body = encoded([pasted("token", server.token), pasted("log-a", SLOW)])
        with closing(server.connect()) as connection:
            connection.request("POST", "/report", body, {"Content-Type": FORM})
            until(lambda: children(server.process.pid))
            [worker] = children(server.process.pid)
            until(lambda: re.search(rf"Max address space +{2 << 30} ", Path(f"/proc/{worker}/limits").read_text()))
            server.process.kill()
            server.process.wait()
            until(lambda: not lives(worker))


@pytest.mark.parametrize(
    ("listen", "said"),
    [
        ("127.0.0.1:http", "'http' is no port"),
        ("127.0.0.1:70000", "'70000' is no port"),
        ("::1:8500", "an IPv6 address stands in brackets"),
        ("192.0.2.1:8500", "cannot listen on 192.0.2.1 port 8500: "),
        ("no.such.host.invalid:8500", "cannot listen on no.such.host.invalid port 8500: "),
    ],
)
def test_an_address_that_cannot_be_listened_on_is_told_in_a_line(listen: str, said: str) -> None:
    done = subprocess.run(
        [MAINMODE, "web", "--listen", listen], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_told_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [MAINMODE, "web", "--listen", listen]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("mainmode web: cannot listen on 127.0.0.1 port ")


def test_it_listens_on_ipv6_where_it_is_told_to() -> None:
    require(Path("/proc/net/if_inet6").exists(), "the page is served on ::1, and this host has no IPv6")
    with served("--listen", "[::1]:0") as server:
        assert server.address.startswith("http://[::1]:")
        assert server.get("/").status == 200


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "python_multipart"])
def test_without_the_extra_it_says_how_to_install_it_and_everything_else_works(missing: str, tmp_path: Path) -> None:
    code = (
        f"import sys\nsys.modules[{missing!r}] = None\nfrom mainmode.cli import main\n"
        f"assert main(['explain', {str(RESPONDER)!r}, '--output', {str(tmp_path / 'report')!r}]) == 1\n"
        "sys.exit(main(['web']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"mainmode web: {missing} is not installed; pip install 'mainmode[web]' installs what the page needs"
    ]
