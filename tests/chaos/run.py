"""One chaos run from start to end."""
import asyncio, os, pathlib, random, re, ssl, subprocess, time
import common, verdict
from client import Client
from disturb import Disturber
from farm import Farm, MEMBERS, NAMESPACE, STORM
from processes import Backend, Myelin, ask
from relay import Relay
from timeline import Timeline

SETTINGS = """https.certificate={certificate}
https.key={certificate}
backend.ca={certificate}
admin.listen=127.0.0.1:0
http.pool.idle=2000
hotdeployment.settle=100
request_id.header=X-Chaos-Id
log.file={log}
"""
# A message that may have been received goes out again only where that does no harm, and as often as needed:
# so everything that may be repeated has to succeed, and nothing else may arrive twice.
STRICT = "retry_unsafe=false\nretry.budget.percent=100\n"
MOST_GROWTH = 1  # MiB/h, in a run that is long enough to tell (REL-174)
LONG = 6 * 3600  # s
ROOM = 64  # MiB that a server may grow after a third of the run, beside a quarter of what it had then


class Run:
    def __init__(self, binary, folder, seconds, connections, seed, storm):
        self.binary, self.folder, self.seconds, self.connections = binary, folder, seconds, connections
        self.seed, self.storm = seed, storm
        self.groups = STORM if storm else tuple(MEMBERS)
        self.think = 0.15 if storm else 0.25  # seconds on average between the requests of a connection
        self.abandons = not storm
        self.timeline, self.exchanges, self.oddities = Timeline(), [], []
        self.over, self.deployments, self.broken = False, 0, 0
        self.backends, self.relays, self.server, self.hop = {}, {}, None, None
        self.journal = folder / "journal"
        self.sizes = []
        self.journal.touch()

    def fork(self, name):
        """A source of chance of its own for each part, so that a seed means the same whatever comes first."""
        return random.Random(f"{self.seed} {name}")

    def strange(self, what):
        self.oddities.append(what)

    async def connect(self, tls):
        port = self.server.ports["https" if tls else "http"]
        return await asyncio.open_connection("127.0.0.1", port, ssl=self.tls if tls else None, limit=1 << 18)

    async def admin(self, method, path):
        return await ask(self.server.ports["admin"], method, path)

    # --- setting up ---------------------------------------------------------------------------------

    def certify(self):
        self.certificate = self.folder / "server.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", self.certificate, "-out", self.folder / "cert"],
                       check=True, stderr=subprocess.DEVNULL)
        with self.certificate.open("a") as file:
            file.write((self.folder / "cert").read_text())
        self.certificate.chmod(0o600)
        self.tls = ssl.create_default_context(cafile=self.certificate)
        self.tls.check_hostname = False

    def folder_of(self, name, more):
        conf = self.folder / name
        (conf / "endpoints").mkdir(parents=True)
        (conf / "myelin.properties").write_text(
            SETTINGS.format(certificate=self.certificate, log=self.folder / f"{name}.log") + more)
        return conf

    async def set_up(self):
        self.certify()
        ports = common.free_ports(2 * len(common.NAMES) + 3)
        http, https = (dict(zip(common.NAMES, ports[at::2])) for at in (0, 1))
        own, own_tls, hop = ports[-3:]
        self.backends = {name: Backend(name, self.seed, http[name], https[name], self.certificate, self.journal)
                         for name in common.NAMES}
        for backend in self.backends.values():
            await backend.start()
        if not self.storm:
            await self.set_up_ways(http, https, hop)
        conf = self.folder_of("main", "" if self.storm else STRICT)
        self.farm = Farm(conf, self.fork("farm"), http, https, {name: relay.port for name, relay in self.relays.items()},
                         f"http://127.0.0.1:{hop}/endpoints/hop/", f"http://127.0.0.1:{own}/endpoints/nest/")
        for name in self.groups:
            self.farm.write(name)
        self.server = Myelin(self.binary, conf, self.folder / "main", "--http", own, "--https", own_tls, "--threads", 4)
        await self.server.start()

    async def set_up_ways(self, http, https, hop):
        """Relays, and a second Myelin as a back end that speaks HTTP/2."""
        for name, port in (("A", http["A"]), ("B", http["B"]), ("D", https["D"])):
            self.relays[name] = Relay(port, self.fork(f"relay {name}"))
            await self.relays[name].start()
        conf = self.folder_of("hop", STRICT)
        children = "".join(f'<endpoint><address uri="http://127.0.0.1:{http[name]}/"><timeout><duration>{limit}</duration>'
                           "<responseAction>fault</responseAction></timeout><suspendOnFailure><initialDuration>100"
                           "</initialDuration></suspendOnFailure></address></endpoint>" for name, limit in (("C", 1500), ("E", 30000)))
        (conf / "endpoints" / "hop.xml").write_text(f'<endpoint name="hop" {NAMESPACE}><failover>{children}</failover></endpoint>')
        self.hop = Myelin(self.binary, conf, self.folder / "hop", "--http", hop, "--https", 0, "--threads", 2)
        await self.hop.start()

    # --- the run ------------------------------------------------------------------------------------

    async def serve(self):
        try:
            await self.set_up()
            await self.load()
        finally:
            await self.clean_up()

    async def load(self):
        print(f"   server {self.server.child.pid}, in {self.folder}", flush=True)
        await asyncio.sleep(2)  # the first health checks, whose connections stay
        idle = self.server.descriptors()
        self.began = time.monotonic()
        disturber = Disturber(self)
        clients = [asyncio.ensure_future(Client(self, number).work()) for number in range(self.connections)]
        steps = [asyncio.ensure_future(step) for step in (disturber.start_storm() if self.storm else disturber.start())]
        await self.watch(steps + clients)
        self.over = True
        await asyncio.gather(*steps, *clients)
        await self.settle(idle)
        await self.end()

    async def watch(self, tasks):
        while time.monotonic() - self.began < self.seconds:
            await asyncio.sleep(1)
            if self.server.child.returncode is not None:
                return self.strange(f"the server ended with {self.server.child.returncode} after "
                                    f"{time.monotonic() - self.began:.0f} s")
            for task in tasks:
                if task.done() and task.exception():
                    raise task.exception()
            self.sizes.append(self.server.resident())

    # --- the end ------------------------------------------------------------------------------------

    async def figures(self):
        _, body = await self.admin("GET", "/metrics")
        return {name: float(value) for name, value in re.findall(r"^(myelin_\S+) (\S+)$", body.decode(), re.M)}

    def busy(self, figures):
        return [f"{name} is {value:.0f}" for name, value in figures.items()
                if value and re.match(r"myelin_(requests|endpoint)_in_flight|myelin_connections_open", name)]

    async def settle(self, idle):
        """Nothing is left under way, open or grown."""
        if self.server.child.returncode is not None:
            return
        for _ in range(60):
            figures = await self.figures()
            busy, open_now = self.busy(figures), self.server.descriptors()
            if not busy and len(open_now) <= len(idle):
                break
            await asyncio.sleep(0.5)
        self.oddities += [f"after the run {each}" for each in busy]
        if len(open_now) > len(idle):
            self.strange(f"{len(open_now)} descriptors are open, {len(idle)} were before the run: "
                         + ", ".join(f"{number} {what}" for number, what in sorted(open_now.items()) if idle.get(number) != what))
        accepted, answered, aborted = (figures[f"myelin_requests_{each}_total"] for each in ("accepted", "answered", "aborted"))
        if accepted != answered + aborted:
            self.strange(f"{accepted:.0f} requests were accepted, {answered:.0f} answered and {aborted:.0f} aborted")
        complete = sum(each.outcome == "ok" or each.outcome.startswith("status") for each in self.exchanges)
        if complete > answered:
            self.strange(f"{complete} answers came, {answered:.0f} are counted")
        if self.seconds >= LONG and self.growth() > MOST_GROWTH:
            self.strange(f"resident memory grows by {self.growth():.1f} MiB/h")
        third = max(self.sizes[:len(self.sizes) // 3 + 1], default=0)
        if max(self.sizes, default=0) > third * 1.25 + ROOM:
            self.strange(f"resident memory grew from {third:.0f} to {max(self.sizes):.0f} MiB")
        self.sizes.append(self.server.resident())
        self.resent = figures["myelin_resends_total"]
        self.over_budget = figures["myelin_resends_over_budget_total"]

    def growth(self):
        """Of resident memory in MiB/h: the slope of the last two thirds of what was seen, a value a second."""
        seen = self.sizes[len(self.sizes) // 3:]
        middle = (len(seen) - 1) / 2
        spread = sum((at - middle) ** 2 for at in range(len(seen)))
        return sum((at - middle) * size for at, size in enumerate(seen)) / spread * 3600 if spread else 0

    async def end(self):
        for name, server in (("server", self.server), ("second server", self.hop)):
            if server and server.child.returncode is None:
                code = await server.stop(60)
                if code != 0:
                    self.strange(f"the {name} ended with {'SIGKILL, as SIGTERM did not end it' if code is None else code}")
        for path in sorted(self.folder.glob("*.sanitizer*")):
            self.strange(f"{path}: {path.read_text(errors='replace')[:3000]}")
        for path in self.folder.glob("*.stderr"):
            if text := path.read_text(errors="replace").strip():
                self.strange(f"{path}: {text[:3000]}")

    async def clean_up(self):
        for process in (*self.backends.values(), self.server, self.hop):
            if process:
                await process.end()
