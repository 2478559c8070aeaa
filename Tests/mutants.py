#!/usr/bin/env python3
"""Each mutant of Sources/Mutants against the simulator, five stretches of seeds each: a table of who noticed it, and when.

    Tests/mutants.py SIMULATE [SEEDS] [NAME ...]
"""
import re
import statistics
import subprocess
import sys

STRETCHES = 5
# What a failure without a promise's number says.
NOTICED_BY = {"the end of the run": ("not settled after healing", "to no end", "to an end"), "the server itself": ("ends itself", "does not start")}


def hunt(simulate, name, first, seeds):
    """(seeds until it was noticed, by whom, what was said), or None."""
    ran = subprocess.run([simulate, "--first", str(first), "--mutant", name, str(seeds)], text=True, capture_output=True)
    lines = ran.stdout.splitlines()
    runs = [line for line in lines if re.fullmatch(r"\d+ \d+", line)]
    count = int(runs[-1].split()[0])
    if ran.returncode == 1:
        return None
    if ran.returncode != 0:  # It trapped: a rule that our own code holds itself to.
        return count, "our own code", f"seed {runs[-1].split()[1]}: a precondition ends the server"
    return count, noticed_by(lines[-1]), lines[-1]


def noticed_by(said):
    if promise := re.search(r"us: (S\d+): ", said):
        return promise[1]
    return next((by for by, words in NOTICED_BY.items() if any(each in said for each in words)), "clients")


def main(simulate, seeds="400", *names):
    everybody = subprocess.run([simulate, "--mutant", ""], text=True, capture_output=True).stdout.split()
    missed = []
    print("| mutant | noticed by | median seeds until then | for example |\n|---|---|---|---|")
    for name in names or everybody:
        finds = [hunt(simulate, name, 1 + stretch * int(seeds), int(seeds)) for stretch in range(STRETCHES)]
        found = sorted(find for find in finds if find)
        if len(found) <= STRETCHES // 2:
            missed.append(name)
            print(f"| `{name}` | {'nobody' if not found else 'seldom'} | over {seeds} | |", flush=True)
            continue
        counts = [find[0] for find in found] + [int(seeds)] * (STRETCHES - len(found))
        by = sorted({find[1] for find in found})
        print(f"| `{name}` | {', '.join(by)} | {statistics.median(counts):g} | {found[0][2][:110]} |", flush=True)
    if missed:
        sys.exit(f"not noticed: {', '.join(missed)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
