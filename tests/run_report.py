#!/usr/bin/env python3
"""Judges a run of the tests: what failed, what needed a second try and why, where the time went.

    run_report.py FOLDER          prints the report; ends with 0 only if nothing failed

FOLDER is what tests/run_tests.sh fills:
    steps            a line for each Bazel call: LABEL STATUS SECONDS
    summary/LABEL    the lines of that call's summary: //tests/copy:x  PASSED in 3.1s
    patterns/LABEL   the targets that it was to run, if they were chosen by a query
    verdicts/LABEL/  what the test processes have noted: NAME.PID.KIND (tests/cluster/verdict.h)
    kept/LABEL/      what failing tests have kept

The rules:
- WRONG fails the run, whatever Bazel says. So does a process that has left its .running file behind, and a try that
  failed without a verdict.
- STALLED and HARNESS fail the run if the last try failed, too, or if more than RETRIED_MAX targets needed a second one.
- SKIPPED fails the run where CI=true.
- A target that was to run and is not in the summary fails the run. So does a list without targets, but for a share that
  may be empty.
"""

import collections
import os
import re
import sys

RETRIED_MAX = 3
TEXT_MAX = 400
MAY_BE_EMPTY = ("rotated",)
SLOWEST = 10

SUMMARY_LINE = re.compile(
    r"^(//\S+)\s+(\(cached\) )?(PASSED|FLAKY|FAILED TO BUILD|FAILED|TIMEOUT|NO STATUS|INCOMPLETE)(.*)$")
SECONDS = re.compile(r" in ([0-9.]+)s\b")
TRIES = re.compile(r" in (\d+) out of (\d+)")

Verdict = collections.namedtuple("Verdict", "kind case text")


class Target:
    """What one Bazel call has said of one target, and what its processes have noted."""

    def __init__(self, label, name):
        self.label = label
        self.name = name
        self.status = "not in the summary"
        self.seconds = 0.0
        self.tries = 1
        self.verdicts = []

    def title(self):
        return f"{self.label} {self.name}"

    def of(self, kind):
        return [verdict for verdict in self.verdicts if verdict.kind == kind]

    def add_missing_verdict(self):
        """A try that failed and noted nothing is a failure of no known kind."""
        if self.status in ("FLAKY", "FAILED", "TIMEOUT") and not self.verdicts:
            self.verdicts.append(Verdict("WRONG", "(no case)", "a try failed without a verdict"))

    def failed(self, skips_fail):
        if self.of("WRONG") or (skips_fail and self.of("SKIPPED")):
            return True
        return self.status not in ("PASSED", "FLAKY")

    def retried(self):
        return self.tries > 1


def read_lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def read_summaries(folder, targets):
    for label in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        for line in read_lines(os.path.join(folder, label)):
            match = SUMMARY_LINE.match(line)
            if not match:
                continue
            target = targets.setdefault((label, match[1]), Target(label, match[1]))
            target.status = match[3]
            seconds = SECONDS.findall(match[4])
            target.seconds = float(seconds[-1]) if seconds else 0.0
            tries = TRIES.search(match[4])
            target.tries = int(tries[2]) if tries else 1


def read_patterns(folder, targets):
    """Adds the targets that no summary has named. Returns the labels that had no targets and should have some."""
    empty = []
    for label in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        names = [line.strip() for line in read_lines(os.path.join(folder, label)) if line.strip()]
        for name in names:
            targets.setdefault((label, name), Target(label, name))
        if not names and label not in MAY_BE_EMPTY:
            empty.append(label)
    return empty


def entries_of(kind, lines):
    """The entries of a verdict file: after the target's name, "== CASE" and text."""
    verdicts = []
    for line in lines[1:]:
        if line.startswith("== "):
            verdicts.append(Verdict(kind, line[3:], []))
        elif verdicts:
            verdicts[-1].text.append(line)
    return [Verdict(kind, verdict.case, "\n".join(verdict.text)) for verdict in verdicts]


def read_verdicts(folder, targets):
    for label in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        inside = os.path.join(folder, label)
        names = sorted(os.listdir(inside))
        for name in names:
            stem, kind = name.rsplit(".", 1)
            lines = read_lines(os.path.join(inside, name)) or ["(unknown)"]
            target = targets.setdefault((label, lines[0]), Target(label, lines[0]))
            if kind != "running":
                target.verdicts += entries_of(kind, lines)
            elif stem + ".STALLED" not in names:
                target.verdicts.append(Verdict("WRONG", "(no case)", "the test's process has died"))


def short(text):
    text = " | ".join(line for line in text.splitlines() if line.strip())
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + " ..."


def print_verdicts(title, pairs):
    if pairs:
        print(f"\n{title}")
    for target, verdict in pairs:
        print(f"  {target.title()}  {verdict.kind} in {verdict.case}: {short(verdict.text)}")


def print_times(targets, steps):
    slowest = sorted(targets, key=lambda target: -target.seconds)[:SLOWEST]
    print(f"\nThe {len(slowest)} slowest targets:")
    for target in slowest:
        print(f"  {target.seconds:7.1f} s  {target.title()}")
    print("\nMinutes:")
    for label, _, seconds in steps:
        print(f"  {seconds / 60:7.1f}  {label}")
    print(f"  {sum(step[2] for step in steps) / 60:7.1f}  in all")


def main(folder):
    targets = {}
    read_summaries(os.path.join(folder, "summary"), targets)
    empty = read_patterns(os.path.join(folder, "patterns"), targets)
    read_verdicts(os.path.join(folder, "verdicts"), targets)
    steps = [(label, int(status), float(seconds))
             for label, status, seconds in (line.split() for line in read_lines(os.path.join(folder, "steps")))]
    skips_fail = os.environ.get("CI") == "true"
    ordered = [targets[key] for key in sorted(targets)]
    for target in ordered:
        target.add_missing_verdict()
    failed = [target for target in ordered if target.failed(skips_fail)]
    retried = [target for target in ordered if target.retried()]
    troubles = [f"{label}: Bazel ended with {status}" for label, status, _ in steps
                if status != 0 and not any(target.label == label for target in failed)]
    troubles += [f"{label}: there was nothing to run" for label in empty]
    if len(retried) > RETRIED_MAX:
        troubles.append(f"{len(retried)} targets needed a second try (at most {RETRIED_MAX})")

    print_times(ordered, steps)
    every = [(target, verdict) for target in ordered for verdict in target.verdicts]
    print_verdicts("Skipped:", [pair for pair in every if pair[1].kind == "SKIPPED"])
    print_verdicts("Needed a second try:", [pair for pair in every if pair[0].retried() and pair[1].kind != "SKIPPED"])
    print_verdicts("Verdicts of targets with one try:", [
        pair for pair in every if not pair[0].retried() and pair[1].kind != "SKIPPED"])
    if failed or troubles:
        print("\nFailed:")
    for target in failed:
        print(f"  {target.title()}  {target.status}{', WRONG' if target.of('WRONG') else ''}")
    for trouble in troubles:
        print(f"  {trouble}")
    kept = os.path.join(folder, "kept")
    if any(files for _, _, files in os.walk(kept)):
        print(f"\nLogs, properties and states are kept below {kept}")
    passed_count, failed_count = len(ordered) - len(failed), len(failed) + len(troubles)
    counts = os.environ.get("REPLICATOR_COUNTS")
    if counts:  # whoever calls adds what else it has done, and prints the line
        with open(counts, "w", encoding="utf-8") as file:
            file.write(f"{passed_count} {failed_count}\n")
    else:
        print(f"{passed_count} passed, {failed_count} failed")
    return 0 if failed_count == 0 and passed_count > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
