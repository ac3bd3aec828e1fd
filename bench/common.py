"""What the benchmarks share: started programs and what they cost, load by wrk, the line about the machine."""
import os, pathlib, platform, re, shutil, signal, socket, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
NAMESPACE = "http://schemas.xmlsoap.org/soap/envelope/"


def need_tools(program, packages):
    """Ends with what to install unless every tool (tool -> package) is there."""
    missing = [tool for tool in packages if not shutil.which(tool)]
    if missing:
        sys.exit(f"{program} needs {', '.join(missing)}: apt-get install {' '.join(packages[tool] for tool in missing)}")


def need_binary(binary):
    if not binary.exists():
        subprocess.run([ROOT / "scripts/build", "release", "myelin"], check=True)


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def placed(cpus):
    """What stands before a command that is to run on these CPUs, ahead of everything else."""
    pinned = ["taskset", "-c", str(cpus)] if os.cpu_count() > 1 else []
    return pinned + (["nice", "-n", "-15"] if os.geteuid() == 0 else [])


class Server:
    """A started program, ended by its own process id."""

    def __init__(self, name, command, port, cpus, log):
        self.name, self.port, self.log = name, port, log
        self.process = subprocess.Popen(placed(cpus) + command, stdout=log, stderr=log)
        self.await_port()

    def await_port(self):
        for _ in range(200):
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended with {self.process.returncode}; its log:\n"
                         + pathlib.Path(self.log.name).read_text(errors="replace"))
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        sys.exit(f"{self.name} does not listen")

    def tree(self):
        """Process ids of the program and its children."""
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                queue += [int(child) for child in (task / "children").read_text().split()]
        return found

    def cpu(self):
        """User and system seconds so far."""
        user = system = 0
        for pid in self.tree():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            user += int(fields[11]) + int(fields[13])
            system += int(fields[12]) + int(fields[14])
        return user / TICK, system / TICK

    def status_mb(self, field):
        total = 0
        for pid in self.tree():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            total += int(re.search(rf"{field}:\s+(\d+)", status).group(1))
        return total / 1024

    def memory(self):
        """Resident MB."""
        return self.status_mb("VmRSS")

    def peak(self):
        """Most resident MB since forget_peak()."""
        return self.status_mb("VmHWM")

    def forget_peak(self):
        for pid in self.tree():
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def micros(text):
    value, unit = re.match(r"([\d.]+)(us|ms|s|m|h)", text).groups()
    return float(value) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}[unit]


def load(url, seconds, connections=64, script=None, cpus="1"):
    """Runs wrk with one thread; requests, requests/s, p50, p99 in us, failed requests; None when wrk lost its clock."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "60s"]
    if script:
        command += ["-s", str(script)]
    out = subprocess.run(placed(cpus) + command + [url], capture_output=True, text=True, check=True).stdout
    shares = [re.search(rf"{share}%\s+([\d.]+[a-z]+)", out) for share in (50, 99)]
    if not all(shares):
        return None
    bad = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", out))
    bad += sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", out))
    return dict(requests=int(re.search(r"(\d+) requests in", out).group(1)),
                rps=float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
                p50=micros(shares[0].group(1)), p99=micros(shares[1].group(1)), bad=bad)


def steady(url, seconds, rate, log, connections=64, cpus="1"):
    """Runs h2load (HTTP/1.1) at `rate` requests/s; p50, p99 in us, failed requests. `log` is written over."""
    pathlib.Path(log).unlink(missing_ok=True)
    command = ["h2load", "--h1", f"-c{connections}", f"-D{seconds}", f"--rps={rate / connections:.3f}", f"--log-file={log}", url]
    subprocess.run(placed(cpus) + command, capture_output=True, check=True)
    rows = [line.split("\t") for line in pathlib.Path(log).read_text().splitlines()]
    times = sorted(int(row[2]) for row in rows)
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    return dict(rps=len(rows) / seconds, p50=at(0.5), p99=at(0.99), p999=at(0.999), bad=sum(row[1] != "200" for row in rows))


def measure(server, *arguments, **options):
    """load() with what each request cost the server: user, system, cpu in us."""
    for _ in range(3):
        before = server.cpu()
        result = load(*arguments, **options)
        after = server.cpu()
        if result:
            break
    else:
        sys.exit("wrk reports no latency: the clock of this machine jumps")
    for name, a, b in (("user", before[0], after[0]), ("system", before[1], after[1])):
        result[name] = (b - a) * 1e6 / max(1, result["requests"])
    result["cpu"] = result["user"] + result["system"]
    return result


def post_script(path, body, headers):
    """A wrk script that posts that body."""
    lines = ["wrk.method = 'POST'"] + [f"wrk.headers[{quoted(name)}] = {quoted(value)}" for name, value in headers.items()]
    path.write_text("\n".join(lines + [f"wrk.body = {quoted(body)}"]) + "\n")
    return path


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def version(command):
    out = subprocess.run(command, capture_output=True, text=True)
    return (out.stdout + out.stderr).strip().splitlines()[0]


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return (f"{time.strftime('%Y-%m-%d')}, {model.group(1) if model else platform.machine()}, {os.cpu_count()} CPUs, "
            f"Linux {platform.release()}")
