#!/usr/bin/env python3
"""worked_example.py KILN [--write]: runs the commands that docs/internals/architecture.md shows and compares what
they print with what stands there; --write puts it there."""
import os
import re
import subprocess
import sys
import tempfile

PAGE = os.path.join(os.path.dirname(__file__), "../../docs/internals/architecture.md")
FILE = re.compile(r"<!-- file: (\S+) -->\n```\n(.*?)```\n", re.S)
OUTPUT = re.compile(r"(<!-- output: kiln (.*?) -->\n```\n)(.*?)(```\n)", re.S)


def main():
    kiln = os.path.realpath(sys.argv[1])
    with open(PAGE, encoding="utf-8") as f:
        page = f.read()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILE.findall(page):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)

        def run(command):
            return subprocess.run([kiln, *command.split()], cwd=folder, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False).stdout

        if "--write" in sys.argv:
            with open(PAGE, "w", encoding="utf-8") as f:
                f.write(OUTPUT.sub(lambda m: m[1] + run(m[2]) + m[4], page))
            return
        shown = OUTPUT.findall(page)
        failed = 0
        print(f"1..{len(shown)}")
        for number, (_, command, text, _) in enumerate(shown, 1):
            got = run(command)
            same = got == text and text != ""
            failed += not same
            print(("ok" if same else "not ok"), number, "- kiln", command)
            if not same:
                print("# prints now (write it by worked_example.py KILN --write):\n# " + got.replace("\n", "\n# "))
        sys.exit(failed != 0)


main()
