"""A client of a chaos run: sends requests on a kept connection and compares each answer with what it has to be."""
import asyncio, hashlib, itertools, time
import common
from farm import MEMBERS
from relay import reset

PATIENCE = 90  # seconds after which an answer counts as missing
SIZES = ((20, 0, 0), (5, 1, 1), (55, 2, 1024), (17, 1025, 65536), (3, 65537, 1_000_000))
counter = itertools.count(1)


class Exchange:
    """A request and what became of it: outcome is ok, status N, truncated, no answer, missing, abandoned or wrong."""

    def __init__(self, group, method):
        self.identity = f"r{next(counter)}"
        self.group, self.method = group, method
        self.begin, self.end = time.monotonic(), None
        self.outcome, self.detail = "missing", ""
        self.backend, self.session, self.uploaded = None, None, True

    def over(self, outcome, detail=""):
        self.outcome, self.detail, self.end = outcome, detail, time.monotonic()
        return outcome == "ok" or outcome.startswith("status")


class Client:
    def __init__(self, run, number):
        self.run, self.chance, self.tls = run, run.fork(number), number % 4 == 3
        self.pool = common.pool(run.seed)
        self.cookie = None

    def size(self):
        _, least, most = self.chance.choices(SIZES, [each[0] for each in SIZES])[0]
        return self.chance.randint(least, most)

    async def work(self):
        while not self.run.over:
            try:
                reader, writer = await self.run.connect(self.tls)
            except OSError as error:
                self.run.strange(f"the server takes no connection: {error}")
                await asyncio.sleep(1)
                continue
            for _ in range(self.chance.randrange(20, 200)):
                await asyncio.sleep(self.chance.expovariate(1 / self.run.think))
                if self.run.over or not await self.exchange(reader, writer):
                    break
            writer.close()

    async def exchange(self, reader, writer):
        """One request; false when the connection cannot be used any more."""
        chance = self.chance
        method = chance.choices(("GET", "POST", "PUT"), (5, 4, 1))[0]
        this = Exchange(chance.choice(self.run.groups), method)
        self.run.exchanges.append(this)
        at, size = chance.randrange(1 << 20), self.size()
        body = self.pool[at:at + size] if method != "GET" else b""
        expected = self.pool[at:at + size]
        sending = asyncio.ensure_future(self.send(writer, self.head(this, at, size, body), body, this))
        try:
            if self.run.abandons and chance.random() < 0.01:
                await asyncio.sleep(chance.uniform(0, 0.1))
                reset(writer)
                return this.over("abandoned")
            return await asyncio.wait_for(self.answer(reader, writer, this, body, expected), PATIENCE)
        except asyncio.TimeoutError:
            reset(writer)
            return this.over("missing")
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def head(self, this, at, size, body):
        chance = self.chance
        query = f"id={this.identity}&at={at}&size={size}"
        query += "&chunked" if chance.random() < 0.2 else ""
        query += f"&delay={chance.randrange(200)}" if chance.random() < 0.2 else ""
        query += "&echo" if this.method != "GET" else ""
        lines = [f"Host: localhost", f"X-Chaos-Id: {this.identity}", f"X-Digest: {hashlib.md5(body).hexdigest()}"]
        if this.group == "ses":
            this.session = self.cookie
            query += "&session"
            lines += [f"Cookie: CHAOS={self.cookie}"] if self.cookie else []
        self.in_chunks = this.method != "GET" and chance.random() < 0.3
        if self.in_chunks:
            lines.append("Transfer-Encoding: chunked")
        elif this.method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([f"{this.method} /endpoints/{this.group}/x?{query} HTTP/1.1", *lines, "", ""]).encode()

    async def send(self, writer, head, body, this):
        data = head + (common.chunked(body) if self.in_chunks else body)
        this.uploaded = False
        for at in range(0, len(data), 1 << 15):
            writer.write(data[at:at + (1 << 15)])
            await writer.drain()
            if self.chance.random() < 0.02:
                await asyncio.sleep(self.chance.uniform(0, 0.2))
        this.uploaded = True

    async def answer(self, reader, writer, this, body, expected):
        try:
            start, head = await common.read_head(reader)
        except (asyncio.IncompleteReadError, OSError) as error:
            return this.over("no answer", f"{type(error).__name__}, upload {'done' if this.uploaded else 'under way'}")
        try:
            content = await common.read_body(reader, head, until_close=True)
        except (asyncio.IncompleteReadError, OSError) as error:
            return this.over("truncated", type(error).__name__)
        status = start.split(" ")[1]
        kept = head.get("connection", "").lower() != "close" and this.uploaded
        if status != "200":
            return this.over(f"status {status}", f"{len(content)} bytes") and kept
        wrong = self.wrong(this, head, content, body, expected)
        return this.over("wrong", wrong) if wrong else this.over("ok") and kept

    def wrong(self, this, head, content, body, expected):
        this.backend = head.get("x-backend")
        if "set-cookie" in head and this.group == "ses":
            self.cookie = head["set-cookie"].split(";")[0].partition("=")[2]
        if head.get("x-chaos-id") != this.identity:
            return f"the answer is that of {head.get('x-chaos-id')}"
        if head.get("x-digest") != hashlib.md5(body).hexdigest():
            return "the back end got another body"
        if content != expected:
            return f"the body is another one: {len(content)} bytes for {len(expected)}"
        if this.backend not in [*MEMBERS[this.group], "C", "E"]:
            return f"{this.backend} is no member of {this.group}"
        return None
