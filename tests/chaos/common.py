"""What both ends of a chaos run agree on."""
import functools, random, socket

IMMUNE = "E"  # this back end is left alone by all but a storm, so that what may be repeated always can be
NAMES = "ABCDE"
POOL = 2 << 20


@functools.lru_cache(maxsize=1)
def pool(seed):
    """The bytes that all bodies are slices of."""
    return random.Random(seed).randbytes(POOL)


def fields(lines):
    """Header fields by lower-case name."""
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


async def read_head(reader):
    """Start line and fields; None when the peer ended before it."""
    first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip("\r\n").split("\r\n")
    return first, fields(rest)


async def read_chunked(reader):
    pieces = []
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        piece = await reader.readexactly(size + 2)
        if size == 0:
            return b"".join(pieces)
        pieces.append(piece[:-2])


async def read_body(reader, head, until_close=False):
    if "chunked" in head.get("transfer-encoding", "").lower():
        return await read_chunked(reader)
    if "content-length" in head:
        return await reader.readexactly(int(head["content-length"]))
    return await reader.read() if until_close else b""


def chunked(body, piece=8192):
    """The body in chunks."""
    out = bytearray()
    for at in range(0, len(body), piece):
        part = body[at:at + piece]
        out += b"%x\r\n" % len(part) + part + b"\r\n"
    return bytes(out + b"0\r\n\r\n")
