"""What was right and what was wrong about a chaos run."""
import collections
import common
from farm import MEMBERS

IDEMPOTENT = ("GET", "PUT")
FAILURES = ("status 502", "status 503", "status 504")


def suspects(group):
    """The members of a group that may be disturbed, and what stands before them."""
    return [*MEMBERS[group], *(f"relay {name}" for name in MEMBERS[group])]


def justified(exchange, timeline, storm):
    """Whether an exchange may have failed as it did; an answer that is wrong may never be."""
    if exchange.outcome in ("ok", "abandoned"):
        return True
    touched = timeline.any_disturbed(suspects(exchange.group), exchange.begin, exchange.end)
    if exchange.outcome == "truncated":
        return touched  # the answer was under way, so nothing can be sent again
    if exchange.outcome not in FAILURES or storm:
        return False
    if exchange.group == "single":
        # Suspended, it is given one trial at a time, which may take as long as its timeout.
        return touched or timeline.any_disturbed(suspects("single"), exchange.begin - 4, exchange.end)
    return exchange.method not in IDEMPOTENT and touched


def strayed(exchanges, timeline):
    """Exchanges of a session that were answered by another back end although the session's own was well."""
    found, last = [], {}
    for each in sorted((each for each in exchanges if each.session and each.outcome == "ok"), key=lambda each: each.begin):
        before = last.get(each.session)
        home = before.backend if before else each.session.split("-")[0]
        since = before.begin if before else 0
        # Draining is no reason: it leaves sessions where they are.
        if each.backend != home and not timeline.any_disturbed((home, f"off ses-{home}"), since - 2, each.end):
            found.append((each, home))
        last[each.session] = each
    return found


def journal(path):
    """Deliveries by request: how often its head came, its body came, and what came did not belong together."""
    heads, bodies, mixed = collections.Counter(), collections.Counter(), []
    for line in path.read_text().splitlines():
        kind, identity, method, name = line.split(" ")
        if kind == "B":
            heads[identity, method] += 1
        else:
            bodies[identity, method] += 1
            if kind == "W":
                mixed.append((identity, method, name))
    return heads, bodies, mixed


def duplicates(heads, storm):
    """Requests that may not arrive twice and did; a storm's configuration sends everything again."""
    if storm:
        return []
    return [identity for (identity, method), count in heads.items() if method not in IDEMPOTENT and count > 1]


def lost(exchanges, bodies):
    """Requests answered as delivered that no back end has seen whole."""
    return [each.identity for each in exchanges if each.outcome == "ok" and not bodies[each.identity, each.method]]


def judge(run):
    """All that was wrong, as lines."""
    problems = list(run.oddities)
    storm = run.storm
    for each in run.exchanges:
        if each.outcome == "wrong" or not justified(each, run.timeline, storm):
            problems.append(f"{each.identity} {each.method} {each.group}: {each.outcome} {each.detail}, "
                            f"after {each.begin - run.began:.3f} to {each.end - run.began:.3f} s")
    for each, home in strayed(run.exchanges, run.timeline):
        problems.append(f"{each.identity}: session {each.session} of {home} was answered by {each.backend} "
                        f"after {each.begin - run.began:.3f} s")
    heads, bodies, mixed = journal(run.journal)
    problems += [f"{name} got {method} {identity} with the query or body of another" for identity, method, name in mixed]
    problems += [f"{identity} was delivered more than once" for identity in duplicates(heads, storm)]
    problems += [f"{identity} was answered but never delivered whole" for identity in lost(run.exchanges, bodies)]
    return problems


def table(exchanges):
    """Outcomes by group, as lines."""
    outcomes = collections.Counter((each.outcome if each.outcome != "wrong" else "wrong answer", each.group, each.method)
                                   for each in exchanges)
    kinds = sorted({kind for kind, _, _ in outcomes})
    lines = ["   %-8s" % "" + "".join("%14s" % kind for kind in kinds)]
    for group in sorted({group for _, group, _ in outcomes}):
        for method in ("GET", "PUT", "POST"):
            lines.append("   %-8s" % group + "".join("%14d" % outcomes[kind, group, method] for kind in kinds) + f"  {method}")
    return lines
