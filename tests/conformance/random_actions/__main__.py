"""`python -m tests.conformance.random_actions --seeds 1000-2000`."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from tests.conformance.random_actions.run import Both, disagreements, smaller


def main() -> int:
    parser = argparse.ArgumentParser(description="Holds the engine against the oracle on random actions.")
    parser.add_argument("--seeds", default="0-100", help="first and one past the last, as 1000-2000")
    parser.add_argument("--as-is", action="store_true", help="do not shrink what differs")
    parser.add_argument("--most", type=int, default=10, help="stop after so many disagreements")
    given = parser.parse_args()
    first, _, end = given.seeds.partition("-")
    started, found = time.process_time(), 0
    with tempfile.TemporaryDirectory(prefix="gsrules-actions-") as folder:
        both = Both(Path(folder))
        for seed, made, why in disagreements(both, range(int(first), int(end or int(first) + 1))):
            found += 1
            less = made if given.as_is else smaller(both, made)
            print(f"=== seed {seed}: {why if given.as_is else both.disagreement(less)}"[:1500])
            print(json.dumps(less.profile), json.dumps(less.rule["actions"], indent=1))
            for day, rows in less.runs:
                print(day, *rows, sep="\n   ", flush=True)
            if found == given.most:
                break
    print(f"{found} disagreements up to seed {end}, {time.process_time() - started:.0f} s of processor time")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
