"""One flood of slow clients, as a process of its own: bench/floods starts it and tells it what to do line by line.

usage: flood.py KIND PORT COUNT     KIND: heads, bodies, readers, silent, brief, stalled

Opens COUNT connections and keeps that many: who is closed by the server is opened again; brief ones are closed at once,
a thousand a second. Each that is not silent or
stalled sends or takes a few bytes every two seconds. On standard input, each answered by a line of JSON about what
has happened so far: "tell"; "finish", which ends the slowness (stalled readers read their answers to the end); "end".
"""
import collections, json, os, resource, select, socket, sys, time

EVERY = 2.0
BRIEF_A_SECOND = 1000
AT_ONCE = 500             # connections opened between two looks at the others
SMALL = 4096              # receive buffer of who reads slowly
ANSWER = 160 << 10           # more than a proxy may hold of it, little enough for the kernel to hold ten thousand
REQUESTS = {
    "heads": b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "bodies": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
    "readers": b"GET /bytes/%d HTTP/1.1\r\nHost: x\r\n\r\n" % ANSWER,
    "stalled": b"GET /bytes/%d HTTP/1.1\r\nHost: x\r\n\r\n" % ANSWER,
    "silent": b"",
    "brief": b"",
}


class One:
    """A connection."""

    def __init__(self, kind, port):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if kind in ("readers", "stalled"):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self.socket.connect_ex(("127.0.0.1", port))
        self.begun = False
        self.head = b""
        self.got = 0

    def take(self, most):
        """Receives; False when the server has ended the connection."""
        try:
            some = self.socket.recv(most)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if len(self.head) < 16:
            self.head += some[:16]
        self.got += len(some)
        return bool(some)


class Flood:
    def __init__(self, kind, port, count):
        self.kind, self.port, self.count = kind, port, count
        self.epoll = select.epoll()
        self.epoll.register(0, select.EPOLLIN)
        self.open = {}
        self.due = collections.deque()      # (when, descriptor), in the order of time
        self.statuses = collections.Counter()
        self.opened = self.closed = self.whole = self.drips = 0
        self.finishing = False
        self.began = time.monotonic()

    def interest(self, one):
        if not one.begun:
            return select.EPOLLOUT
        if self.kind in ("readers", "stalled") and not self.finishing:
            return 0                         # EPOLLHUP and EPOLLERR are told anyway
        return select.EPOLLIN

    def refill(self):
        wanted = min(AT_ONCE, self.count - len(self.open))
        if self.kind == "brief":
            wanted = min(wanted, int((time.monotonic() - self.began) * BRIEF_A_SECOND) - self.opened)
        for _ in range(wanted):
            one = One(self.kind, self.port)
            self.open[one.socket.fileno()] = one
            self.epoll.register(one.socket.fileno(), self.interest(one))
            self.opened += 1

    def close(self, descriptor):
        one = self.open.pop(descriptor)
        if one.head.startswith(b"HTTP/1.1 "):
            self.statuses[one.head[9:12].decode()] += 1
        self.whole += one.got > ANSWER
        self.closed += 1
        one.socket.close()

    def begin(self, descriptor, one):
        one.begun = True
        if self.kind == "brief":
            self.close(descriptor)
            return
        try:
            one.socket.send(REQUESTS[self.kind])
        except OSError:
            self.close(descriptor)
            return
        self.epoll.modify(descriptor, self.interest(one))
        if self.kind not in ("silent", "stalled"):
            self.due.append((time.monotonic() + EVERY, descriptor))

    def drip(self):
        now = time.monotonic()
        for _ in range(AT_ONCE):
            if not self.due or self.due[0][0] > now:
                return
            _, descriptor = self.due.popleft()
            one = self.open.get(descriptor)
            if not one or not one.begun:
                continue
            alive = True
            self.drips += 1
            if self.kind == "readers":
                alive = one.take(512)
            else:
                try:
                    one.socket.send(b"x")
                except BlockingIOError:
                    pass
                except OSError:
                    alive = False
            if alive:
                self.due.append((now + EVERY, descriptor))
            else:
                self.close(descriptor)

    def command(self):
        """False: the end."""
        word = sys.stdin.readline().strip()  # empty when whoever started this is gone
        if word == "finish":
            self.finishing = True
            self.count = 0
            self.due.clear()
            for descriptor, one in self.open.items():
                one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ANSWER)
                self.epoll.modify(descriptor, self.interest(one))
            deadline = time.monotonic() + 60
            while self.open and time.monotonic() < deadline:
                self.turn(0.5)
            self.finishing = False
        print(json.dumps(dict(open=len(self.open), begun=sum(one.begun for one in self.open.values()), opened=self.opened,
                              closed=self.closed, whole=self.whole, drips=self.drips, statuses=self.statuses)), flush=True)
        return word in ("tell", "finish")

    def turn(self, wait):
        """False: told to end."""
        goes_on = True
        for descriptor, events in self.epoll.poll(wait, 1000):
            if descriptor == 0:
                goes_on = self.finishing or self.command()
                continue
            one = self.open.get(descriptor)
            if not one:
                continue
            if not one.begun and not events & (select.EPOLLHUP | select.EPOLLERR):
                self.begin(descriptor, one)
            elif not one.take(1 << 18):
                self.close(descriptor)
            elif self.finishing and one.got > ANSWER:
                self.close(descriptor)       # all of it: the connection would be kept
        return goes_on

    def run(self):
        while self.turn(0.02):
            self.refill()
            self.drip()
        os._exit(0)                          # the connections end with the process


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Flood(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])).run()
