#!/usr/bin/env python3
"""Adds up what `meson test` wrote in build folders and prints `N passed, N failed, N skipped`.

Every case of a test that speaks TAP counts, every other test counts as one. A folder without
results, because its build failed, is a failure. Skipped and failed cases are named, the failed
ones last, so that the end of a long log shows them."""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def results(folder):
    """Yields (outcome, name) for each case of a build folder."""
    log = Path(folder, "meson-logs", "testlog.junit.xml")
    if not log.exists():
        yield "failed", f"{folder}: no results"
        return
    for suite in xml.parse(log).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            name = f"{folder}: {suite.get('name')}: {case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                yield "failed", name
            elif case.find("skipped") is not None:
                yield "skipped", name
            else:
                yield "passed", name


def main():
    names = {"passed": [], "failed": [], "skipped": []}
    for folder in sys.argv[1:]:
        for outcome, name in results(folder):
            names[outcome].append(name)
    for outcome in "skipped", "failed":
        for name in names[outcome]:
            print(f"{outcome}: {name}")
    print(", ".join(f"{len(of)} {outcome}" for outcome, of in names.items()))
    return 1 if names["failed"] or not names["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
