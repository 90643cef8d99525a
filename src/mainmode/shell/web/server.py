"""The server of `mainmode web`: HTTP on one socket, one process for each explanation. Knows connections and processes.

A request is looked at by the guard, read in memory up to its limit, and handed to a process of its own, which explains
it and ends. That process is killed when its time is up, when whoever asked has gone, or when the server stops. The
server itself only waits, so that the page answers while something large is read.

Whoever asks for a report holds one of a few places from the first octet of the form to the last of the report: that is
what bounds the memory.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from mainmode.language import Lang
from mainmode.shell.hardening import keep_memory_private, write_no_file
from mainmode.shell.web import pages
from mainmode.shell.web.exchange import FAILED, Answer, Asked, pack, unpack_answer
from mainmode.shell.web.form import FormReader, asked, check_size, field_of, language_of
from mainmode.shell.web.guard import Guard, is_loopback
from mainmode.shell.web.language import chosen, preferred
from mainmode.shell.web.refusal import Refusal
from mainmode.shell.web.strings import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

RUNNING: Final = 2
"""Explanations at once: each has a core to itself on most machines."""

PLACES: Final = 6
"""Reports in the making, those that wait included; each may hold a form of the full size in memory."""

SECONDS: Final = 120
"""For one explanation. 50 MB of a firewall's usual log take 6 seconds, 10 MB of nothing but IKE debug 15."""

BODY_SECONDS: Final = 60
"""For a form to arrive; this is not a page for the far end of a modem."""

DRAIN_SECONDS: Final = 20
"""For the rest of a form that is refused: a browser shows no answer to a form that it cannot finish sending."""

CONNECTIONS: Final = 100
"""At once. A browser opens six."""

STOP_SECONDS: Final = 3
"""For answers on their way when the server stops."""

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": pages.BARE_POLICY,
}
"""Of every answer that does not say otherwise."""

FORM_REFERRER: Final = "same-origin"
"""The form's: with `no-referrer` browsers send it with `Origin: null`, and the guard could not tell it from others."""


@dataclass(frozen=True, slots=True)
class Options:
    host: str
    port: int
    """0 for one that is free."""
    worker: Sequence[str]
    """The command that explains: a request on its stdin, an answer on its stdout (`mainmode.shell.web.exchange`)."""
    lang: Lang | None = None
    """Asked for by whoever starts the server; None leaves it to the browser."""
    fallback: Lang = "en"
    """For a browser that asks for none of ours."""


def serve(options: Options, ready: Callable[[str], None]) -> None:
    """Serve the page until SIGINT or SIGTERM. `ready` is called with its address. OSError if it cannot listen."""
    keep_memory_private()
    with _listening(options.host, options.port) as listener:
        site = _Site(options)
        config = uvicorn.Config(
            site.door,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="critical",  # what it says of a request could be somebody's paste
            proxy_headers=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        host = f"[{options.host}]" if ":" in options.host else options.host
        ready(f"http://{host}:{listener.getsockname()[1]}/")
        write_no_file()  # the page says so, and stdout is through
        asyncio.run(_Server(config, site.stop).serve([listener]))


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        yield listener


class _Server(uvicorn.Server):
    """Ends quietly: uvicorn raises the signal anew when it has stopped, and a traceback is no answer to Ctrl-C."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stop()


class _Gone(Exception):
    """Whoever asked has closed the connection."""


class _Site:
    """The page and the reports."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._guard = Guard.of(options.host, os.urandom)
        self._running = asyncio.Semaphore(RUNNING)
        self._places = 0
        self._stopping = asyncio.Event()
        application = Starlette(
            routes=[
                Route("/", self._form, methods=["GET"]),
                Route("/report", self._report, methods=["POST"]),
                Route("/report", self._to_form, methods=["GET"]),
            ],
            exception_handlers={Refusal: self._on_refusal, HTTPException: self._on_http, Exception: self._on_mistake},
        )
        self.door: ASGIApp = _Door(application, self._guard, self._refused)

    def stop(self) -> None:
        """End whatever is being explained. May be called from a signal's handler."""
        with suppress(RuntimeError):  # there is no loop yet, or no longer
            asyncio.get_running_loop().call_soon_threadsafe(self._stopping.set)

    # -- what is asked for --

    async def _form(self, request: Request) -> Response:
        page = pages.form(
            self._lang(request),
            self._guard.token.reveal().decode(),
            seconds=SECONDS,
            in_clear=not is_loopback(self._options.host),
            example="example" in request.query_params,
        )
        policy = {"Content-Security-Policy": pages.form_policy(), "Referrer-Policy": FORM_REFERRER}
        return HTMLResponse(page, headers=policy)

    async def _to_form(self, request: Request) -> Response:
        """Of whoever types in the address of a report: it has none to come back to."""
        return RedirectResponse(pages.home(self._lang(request)), 303)

    async def _report(self, request: Request) -> Response:
        body = _Body(request.receive)
        try:
            return await self._made(request, body)
        except Refusal as refused:
            await body.drain()
            return self._refused(request, refused)
        except _Gone:
            return Response(status_code=400)  # to nobody

    async def _made(self, request: Request, body: _Body) -> Response:
        """The report, if everything is as it should be. Refusal if not; _Gone if nobody waits for it any longer."""
        self._guard.check_origin(request.headers)
        with suppress(ValueError):
            check_size(int(request.headers.get("content-length", "")))
        reader = FormReader(request.headers.get("content-type", ""))
        if self._places >= PLACES:
            raise Refusal(503, "refused.busy", count=PLACES)
        self._places += 1
        try:
            await body.into(reader)
            parts = reader.finish()
            self._guard.check_token(field_of(parts, "token"))
            lang = language_of(parts) or self._lang(request)
            request.scope[_LANG] = lang
            wanted = asked(parts, lang, pages.home(lang))
            parts.clear()
            return self._answered(wanted, await self._while_waited_for(body, self._explained(wanted)))
        finally:
            self._places -= 1

    def _answered(self, wanted: Asked, answer: Answer) -> Response:
        if answer.key:
            raise Refusal(answer.status, answer.key)
        if answer.status != 200:
            return self._notice(wanted.lang, answer.status, answer.text, own_words=False)
        if wanted.form == "text":
            return PlainTextResponse(answer.text)
        headers = {"Content-Security-Policy": pages.REPORT_POLICY}
        if wanted.form == "file":
            headers["Content-Disposition"] = 'attachment; filename="mainmode-report.html"'
        return HTMLResponse(answer.text, headers=headers)

    async def _explained(self, wanted: Asked) -> Answer:
        async with self._running:
            try:
                async with asyncio.timeout(SECONDS):
                    return await _worked_out(self._options.worker, wanted)
            except TimeoutError:
                raise Refusal(422, "refused.long", seconds=SECONDS) from None

    async def _while_waited_for(self, body: _Body, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What the work comes to; it is given up when nobody waits for it, or when the server stops."""
        working = asyncio.create_task(work)
        gone = asyncio.create_task(body.gone())
        stopping = asyncio.create_task(self._stopping.wait())
        tasks = working, gone, stopping
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            if stopping.done():
                raise Refusal(503, "refused.stopping")
            raise _Gone
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- what is answered instead --

    def _lang(self, request: Request) -> Lang:
        """What the form said, what the address says, what the server was started with, what the browser asks for."""
        said: Lang | None = request.scope.get(_LANG) or chosen(request.query_params.get("lang")) or self._options.lang
        return said or preferred(request.headers.get("accept-language", ""), self._options.fallback)

    def _refused(self, request: Request, refused: Refusal) -> Response:
        lang = self._lang(request)
        reason = words(lang)(refused.key, **refused.values)
        return self._notice(lang, refused.status, reason, own_words=True)

    def _notice(self, lang: Lang, status: int, reason: str, *, own_words: bool) -> Response:
        policy = {"Content-Security-Policy": pages.notice_policy()}
        return HTMLResponse(pages.notice(lang, reason, own_words=own_words), status, headers=policy)

    async def _on_refusal(self, request: Request, refused: Exception) -> Response:
        if not isinstance(refused, Refusal):
            raise refused
        return self._refused(request, refused)

    async def _on_http(self, request: Request, error: Exception) -> Response:
        """A path or a method that there is not."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        return self._refused(request, Refusal(status, "refused.path"))

    async def _on_mistake(self, request: Request, _: Exception) -> Response:
        return self._refused(request, Refusal(FAILED, "refused.broken"))


_LANG: Final = "mainmode.lang"
"""Where a request keeps the language that its form asks for."""


class _Door:
    """What every request passes: the guard on the way in, the headers on the way out."""

    def __init__(self, inside: ASGIApp, guard: Guard, refused: Callable[[Request, Refusal], Response]) -> None:
        self._inside = inside
        self._guard = guard
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._guard.check_host(Headers(scope=scope))
        except Refusal as refused:
            await self._refused(Request(scope, receive), refused)(scope, receive, with_headers)
        else:
            await self._inside(scope, receive, with_headers)


class _Body:
    """What a request still has to say."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def into(self, reader: FormReader) -> None:
        """All of it. Refusal if it is too much, or too slow."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for octets in self._pieces():
                    reader.feed(octets)
        except TimeoutError:
            raise Refusal(408, "refused.slow", seconds=BODY_SECONDS) from None

    async def drain(self) -> None:
        """Let the rest go by."""
        with suppress(TimeoutError, _Gone):
            async with asyncio.timeout(DRAIN_SECONDS):
                async for _ in self._pieces():
                    pass

    async def gone(self) -> None:
        """Wait until whoever asked closes the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _pieces(self) -> AsyncIterator[bytes]:
        while not self._ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            self._ended = not message.get("more_body", False)
            yield message.get("body", b"")


async def _worked_out(command: Sequence[str], wanted: Asked) -> Answer:
    """One explanation in a process of its own. Refusal if the process comes to an early end."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it could speak of what was pasted
        start_new_session=True,  # Ctrl-C is for the server
    )
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise RuntimeError("a process without pipes")
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pack(wanted):
                stdin.write(piece)
                await stdin.drain()
            stdin.close()
        written = await stdout.read()
        await process.wait()
        return unpack_answer(written)
    except ValueError:
        raise Refusal(FAILED, "refused.broken") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
