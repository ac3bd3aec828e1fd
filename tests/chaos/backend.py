"""A back end of a chaos run: backend.py NAME SEED HTTP_PORT HTTPS_PORT CERTIFICATE JOURNAL

It answers with the request's id and the digest of the body it got, and with the body that the query asks for. The
journal has a line when a request's head is there (B), one when its body is (E), and one when the two do not belong
together (W); a line is written before anything is answered, so it is there even if this process is killed."""
import asyncio, hashlib, os, ssl, sys, urllib.parse
import common

NAME, SEED, HTTP, HTTPS, CERTIFICATE, JOURNAL = sys.argv[1:]
journal = os.open(JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
bytes_of = common.pool(int(SEED))


def note(kind, identity, method):
    os.write(journal, f"{kind} {identity} {method} {NAME}\n".encode())


def answer(head, query, body, identity):
    out = [f"X-Chaos-Id: {identity}", f"X-Backend: {NAME}", f"X-Digest: {hashlib.md5(body).hexdigest()}"]
    if "session" in query and "CHAOS=" not in head.get("cookie", ""):
        out.append(f"Set-Cookie: CHAOS={NAME}-{identity}; Path=/")
    at, size = int(query.get("at", 0)), int(query.get("size", 0))
    content = body if "echo" in query else bytes_of[at:at + size]
    if "chunked" in query:
        out.append("Transfer-Encoding: chunked")
        content = common.chunked(content)
    else:
        out.append(f"Content-Length: {len(content)}")
    return "\r\n".join(["HTTP/1.1 200 OK", *out, "", ""]).encode() + content


async def exchange(reader, writer):
    start, head = await common.read_head(reader)
    method, target, _ = start.split(" ")
    query = dict(urllib.parse.parse_qsl(target.partition("?")[2], keep_blank_values=True))
    if target.startswith("/health"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")
        return await writer.drain()
    identity = head.get("x-chaos-id", "none")
    note("B", identity, method)
    body = await common.read_body(reader, head)
    belongs = query.get("id") == identity and head.get("x-digest") == hashlib.md5(body).hexdigest()
    note("E" if belongs else "W", identity, method)
    await asyncio.sleep(int(query.get("delay", 0)) / 1000)
    writer.write(answer(head, query, body, identity))
    await writer.drain()


async def serve(reader, writer):
    try:
        while True:
            await exchange(reader, writer)
    except (asyncio.IncompleteReadError, OSError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    options = dict(limit=1 << 20, backlog=512)
    await asyncio.start_server(serve, "127.0.0.1", int(HTTP), **options)
    await asyncio.start_server(serve, "127.0.0.1", int(HTTPS), ssl=context, **options)
    await asyncio.Event().wait()


asyncio.run(main())
