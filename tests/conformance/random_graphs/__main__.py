"""`python -m tests.conformance.random_graphs --seeds 10000-20000`."""

from __future__ import annotations

import argparse
import time

from tests.conformance.random_graphs.computed import Both, rule_text
from tests.conformance.random_graphs.run import disagreements
from tests.conformance.random_graphs.shrink import shown, shrunken


def main() -> int:
    parser = argparse.ArgumentParser(description="Holds the engine against the oracle on random task graphs.")
    parser.add_argument("--seeds", default="0-200", help="first and one past the last, as 10000-20000")
    parser.add_argument("--size", type=int, default=2, help="how many tasks stand at most over the sources")
    parser.add_argument("--as-is", action="store_true", help="do not shrink what differs")
    parser.add_argument("--most", type=int, default=20, help="stop after so many disagreements")
    given = parser.parse_args()
    first, _, end = given.seeds.partition("-")
    seeds = range(int(first), int(end or int(first) + 1))
    started, found = time.process_time(), 0
    with Both() as both:
        for seed, world, graph, why in disagreements(both, seeds, given.size):
            found += 1
            print(f"=== seed {seed}: {why[:1500]}", flush=True)
            if given.as_is:
                print(graph.profile, graph.rule_date, "keep" if graph.keep else "ends")
                print(rule_text(graph))
            else:
                print(shown(*shrunken(world, graph, why)), flush=True)
            if found == given.most:
                break
    spent = time.process_time() - started
    done = seed + 1 - seeds.start if found == given.most else len(seeds)
    print(f"{done} graphs, {found} disagreements, {spent:.0f} s of processor time")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
