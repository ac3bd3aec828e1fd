"""What is done to the back ends, the connections and the configuration while requests are under way."""
import asyncio, signal
from relay import MODES


class Disturber:
    def __init__(self, run):
        self.run, self.timeline = run, run.timeline

    async def forever(self, step, chance, least, most):
        """`step` again and again, with pauses between."""
        while not self.run.over:
            await asyncio.sleep(chance.uniform(least, most))
            if not self.run.over:
                await step(chance)

    def start(self):
        """The tasks of a chaos run."""
        run = self.run
        steps = [(lambda chance, name=name: self.backend(name, chance), 1, 5) for name in "ABCD"]
        steps += [(lambda chance, name=name: self.relay(name, chance), 1, 4) for name in run.relays]
        steps += [(self.hop, 5, 12), (self.redeploy, 1, 1), (self.switch, 1, 3)]
        return [self.forever(step, run.fork(f"step {number}"), least, most) for number, (step, least, most) in enumerate(steps)]

    def start_storm(self):
        return [self.one_after_another(), self.forever(self.rewrite, self.run.fork("storm"), 1, 1)]

    async def one_after_another(self):
        """Each back end dies and comes back in turn; there are always four."""
        while not self.run.over:
            for name in self.run.backends:
                await self.kill(name, 0.7)
                await asyncio.sleep(1)

    async def kill(self, name, pause):
        backend = self.run.backends[name]
        self.timeline.begin(name, "kill")
        backend.kill()
        await asyncio.sleep(pause)
        await backend.start()
        self.timeline.end(name)

    async def backend(self, name, chance):
        if chance.random() < 0.6:
            return await self.kill(name, chance.choice((0, 0.5, 2)))
        self.timeline.begin(name, "stop")
        self.run.backends[name].signal(signal.SIGSTOP)
        await asyncio.sleep(chance.choice((0.2, 1, 6)))
        self.run.backends[name].signal(signal.SIGCONT)
        self.timeline.end(name)

    async def relay(self, name, chance):
        mode = chance.choice(MODES)
        self.timeline.begin(f"relay {name}", mode)
        self.run.relays[name].set(mode)
        await asyncio.sleep(chance.choice((0.1, 1, 4)))
        self.run.relays[name].set("pass")
        self.timeline.end(f"relay {name}")

    async def hop(self, chance):
        self.timeline.begin("hop", "kill")
        self.run.hop.kill()
        await asyncio.sleep(chance.choice((0, 1)))
        await self.run.hop.start()
        self.timeline.end("hop")

    async def rewrite(self, chance):
        self.run.farm.write(chance.choice(self.run.groups))
        self.run.deployments += 1

    async def redeploy(self, chance):
        run, farm = self.run, self.run.farm
        what = chance.choices(("rewrite", "break", "extra", "signal", "ask"), (5, 1, 1, 1, 2))[0]
        if what == "break":
            name = chance.choice(run.groups)
            farm.break_file(name)
            await asyncio.sleep(0.8)
            farm.write(name)
            run.broken += 1
        elif what == "extra":
            if farm.path("extra").exists():
                farm.path("extra").unlink()
            else:
                farm.path("extra").write_text(farm.group("nest").replace("nest", "extra"))
        elif what == "signal":
            await self.rewrite(chance)
            run.server.signal(signal.SIGHUP)
        elif what == "ask":
            await self.rewrite(chance)
            status, _ = await run.admin("POST", "/deploy")
            if status != 200:
                run.strange(f"POST /deploy: {status}")
        else:
            await self.rewrite(chance)

    async def switch(self, chance):
        name, how = chance.choice(("rr", "wt", "ses")) + "-" + chance.choice("ABCD"), chance.choice(("off", "drain"))
        self.timeline.begin(f"{how} {name}", how)
        await self.turn(name, how)
        await asyncio.sleep(chance.uniform(0.1, 2))
        await self.turn(name, "on")
        self.timeline.end(f"{how} {name}")

    async def turn(self, name, how):
        status, body = await self.run.admin("POST", f"/endpoints/{name}/{how}")
        if status != 200:
            self.run.strange(f"POST /endpoints/{name}/{how}: {status} {body[:200]!r}")
