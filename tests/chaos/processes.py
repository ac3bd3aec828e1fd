"""The programs of a chaos run: Myelin and its back ends."""
import asyncio, contextlib, os, pathlib, re, signal, sys
import common

HERE = pathlib.Path(__file__).resolve().parent


def sanitizers(logs):
    """The environment in which sanitizers write to files of their own."""
    return {**os.environ,
            "ASAN_OPTIONS": f"detect_leaks=1:quarantine_size_mb=32:log_path={logs}",
            "UBSAN_OPTIONS": f"print_stacktrace=1:log_path={logs}",
            "TSAN_OPTIONS": f"suppressions={HERE.parent / 'tsan.supp'}:halt_on_error=0:second_deadlock_stack=1:log_path={logs}"}


class Process:
    """A child process that can be killed and started again; ended by its own process id."""
    child = None

    async def spawn(self, *command, **options):
        self.child = await asyncio.create_subprocess_exec(*map(str, command), **options)

    def signal(self, number):
        if self.child and self.child.returncode is None:
            self.child.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)

    async def end(self):
        self.kill()
        if self.child:
            await self.child.wait()


class Backend(Process):
    def __init__(self, name, seed, http, https, certificate, journal):
        self.arguments, self.port = (name, seed, http, https, certificate, journal), http

    async def start(self):
        if self.child:
            await self.child.wait()
        await self.spawn(sys.executable, "-B", HERE / "backend.py", *self.arguments)
        for _ in range(600):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                return writer.close()
            except OSError:
                await asyncio.sleep(0.05)
        raise RuntimeError(f"back end {self.arguments[0]} does not listen")


class Myelin(Process):
    def __init__(self, binary, conf, logs, *options):
        self.command = (binary, "run", "--conf", conf, *options)
        self.logs, self.ports = logs, {}

    async def start(self):
        if self.child:
            await self.child.wait()
        with open(f"{self.logs}.stderr", "ab") as errors:
            await self.spawn(*self.command, env=sanitizers(f"{self.logs}.sanitizer"), stdout=asyncio.subprocess.PIPE, stderr=errors)
        line = (await self.child.stdout.readline()).decode()
        if not line.startswith("myelin ready"):
            raise RuntimeError(f"the server does not start; see {self.logs}.stderr")
        self.ports = {name: int(port) for name, port in re.findall(r"(\w+)=[\d.]+:(\d+)", line)}

    async def stop(self, patience):
        """Exit code after SIGTERM; None when it did not end."""
        self.signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.child.wait(), patience)
        except asyncio.TimeoutError:
            self.kill()
            await self.child.wait()

    def descriptors(self):
        """What each open descriptor is, by number."""
        folder = f"/proc/{self.child.pid}/fd"
        found = {}
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed since
                found[int(number)] = os.readlink(f"{folder}/{number}")
        return found

    def resident(self):
        """MiB."""
        pages = int(pathlib.Path(f"/proc/{self.child.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def ask(port, method, path):
    """Status and body of one request to the admin port."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        start, head = await common.read_head(reader)
        return int(start.split(" ")[1]), await common.read_body(reader, head, until_close=True)
    finally:
        writer.close()
