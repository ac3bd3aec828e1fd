"""The configuration of a chaos run: endpoint files that may be written anew with other values."""
NAMESPACE = 'xmlns="http://ws.apache.org/ns/synapse"'
SUSPEND = "<suspendOnFailure><initialDuration>{pause}</initialDuration><progressionFactor>2</progressionFactor>" \
          "<maximumDuration>800</maximumDuration></suspendOnFailure>"
TIMEOUT = "<timeout><duration>{limit}</duration><responseAction>fault</responseAction></timeout>"
CHECK = '<healthCheck type="http" interval="500" timeout="3000" rise="2" fall="3" jitter="400">' \
        '<request path="/health" fromRoot="true"/></healthCheck>'
BREAKER = '<circuitBreaker maxFailures="3" openDuration="500" window="2000"/>'
RETRY = '<retry attempts="1" next="other" interval="5" jitter="true"/>'
RETRY_SAME = '<retry attempts="1" interval="20"/>'

# Which back ends a failure of a group may come from.
RELAYS = {"A": "relay A", "B": "relay B", "D": "relay D"}
MEMBERS = {"rr": "ABCDE", "fo": "AB", "wt": "ABCDE", "ses": "ABCDE", "nest": "ABCDE", "h2": ["hop", "C"], "loop": "ABCDE",
           "single": "D"}
STORM = ("rr", "ses", "nest", "wt")
PATIENT = 30000  # ms for the back end that is left alone, however busy the machine is


class Farm:
    def __init__(self, folder, chance, http, https, relays, hop, own, patient=PATIENT):
        self.folder, self.chance, self.patient = folder, chance, patient
        self.http = {name: f"http://127.0.0.1:{port}/" for name, port in http.items()}
        self.https = {name: f"https://localhost:{port}/" for name, port in https.items()}
        self.relayed = {name: f"http://127.0.0.1:{port}/" for name, port in relays.items() if name in "AB"}
        if "D" in relays:
            self.https["D"] = f"https://localhost:{relays['D']}/"
        self.relayed = {**self.http, **self.relayed}
        self.hop, self.own = hop, own

    def leaf(self, name, address, blocks="", weight=1):
        limit = self.patient if name.endswith("E") else self.chance.randrange(2500, 3500)
        text = (TIMEOUT + SUSPEND).format(limit=limit, pause=self.chance.randrange(100, 300))
        return f'<endpoint name="{name}" weight="{weight}"><address uri="{address}">{text}{blocks}</address></endpoint>'

    def leaves(self, group, addresses, names, blocks="", weighted=False):
        return "".join(self.leaf(f"{group}-{name}", addresses[name], blocks, self.chance.randrange(1, 4) if weighted else 1)
                       for name in names)

    def nested(self, name):
        first = self.leaves(name, self.relayed, "AB", '<limits maxRequests="60"/>')
        second = self.leaves(name, self.https, "CD")
        return f'<failover><endpoint name="{name}-1"><loadbalance policy="leastConnections">{first}</loadbalance></endpoint>' \
               f'<endpoint name="{name}-2"><loadbalance policy="random">{second}</loadbalance></endpoint>' \
               f'{self.leaves(name, self.http, "E")}</failover>'

    def group(self, name):
        version2 = '<connection version="2"/>'
        if name == "rr":
            inside = f'<loadbalance><shared>{CHECK}</shared>{self.leaves(name, self.http, "ABCDE")}</loadbalance>'
        elif name == "fo":
            inside = f'<failover>{self.leaves(name, self.relayed, "ABE")}</failover>'
        elif name == "wt":
            inside = f'<loadbalance policy="weightedRoundRobin"><shared>{BREAKER}{RETRY}</shared>' \
                     f'{self.leaves(name, self.https, "ABCDE", weighted=True)}</loadbalance>'
        elif name == "ses":
            inside = '<session type="cookie" name="CHAOS" onFailure="rebind"><sessionTimeout>604800000</sessionTimeout></session>' \
                     f'<loadbalance>{self.leaves(name, self.http, "ABCDE")}</loadbalance>'
        elif name == "nest":
            inside = self.nested(name)
        elif name == "h2":
            inside = f'<failover>{self.leaf("h2-hop", self.hop, version2)}{self.leaves(name, self.http, "E")}</failover>'
        elif name == "loop":
            inside = f'<address uri="{self.own}">{TIMEOUT.format(limit=60000)}{version2}</address>'
        elif name == "single":
            inside = f'<address uri="{self.https["D"]}">{(TIMEOUT + SUSPEND).format(limit=3000, pause=100)}{RETRY_SAME}</address>'
        return f'<endpoint name="{name}" {NAMESPACE}>{inside}</endpoint>\n'

    def path(self, name):
        return self.folder / "endpoints" / f"{name}.xml"

    def write(self, name):
        self.path(name).write_text(self.group(name))

    def break_file(self, name):
        """Leaves a file as an editor may in the middle of its work."""
        text = self.group(name)
        self.path(name).write_text(text[:self.chance.randrange(len(text) - 2)])
