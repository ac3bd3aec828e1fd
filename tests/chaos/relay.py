"""A TCP relay before a back end that can break what passes through it. It outlives the back end."""
import asyncio, socket, struct

CUTS = ("cut-request", "cut-head", "cut-body")
MODES = (*CUTS, "delay", "swallow", "reset")


def reset(writer):
    """Ends a connection with RST."""
    held = writer.get_extra_info("socket")
    if held and held.fileno() >= 0:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Relay:
    def __init__(self, target, chance):
        self.target, self.chance = target, chance
        self.mode = "pass"
        self.writers = set()
        self.port = 0

    async def start(self):
        server = await asyncio.start_server(self.accept, "127.0.0.1", 0, limit=1 << 18, backlog=512)
        self.port = server.sockets[0].getsockname()[1]

    def set(self, mode):
        self.mode = mode
        if mode == "reset":
            for writer in list(self.writers):
                reset(writer)

    async def accept(self, reader, writer):
        there = None
        self.writers.add(writer)
        try:
            come, there = await asyncio.open_connection("127.0.0.1", self.target)
            self.writers.add(there)
            pumps = [asyncio.ensure_future(self.pump(reader, there, True)), asyncio.ensure_future(self.pump(come, writer, False))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            # A back end that was killed resets its connections, and so does what stands for it.
            for each in filter(None, (writer, there)):
                self.writers.discard(each)
                reset(each)

    async def pump(self, reader, writer, forth):
        while data := await reader.read(1 << 16):
            mode = self.mode
            if mode == "delay":
                await asyncio.sleep(self.chance.uniform(0.02, 0.3))
            while self.mode == "swallow":
                await asyncio.sleep(0.05)
            if mode in CUTS and forth == (mode == "cut-request") and self.chance.random() < 0.5:
                writer.write(data[:self.cut(mode, data)])
                await asyncio.sleep(0.01)
                return
            writer.write(data)
            await writer.drain()

    def cut(self, mode, data):
        """How much is let through; never everything."""
        head = data.find(b"\r\n\r\n")
        if mode == "cut-body" and 0 <= head < len(data) - 5:
            return self.chance.randrange(head + 4, len(data) - 1)
        return self.chance.randrange(min(len(data), 60))
