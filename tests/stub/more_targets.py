#!/usr/bin/env python3
"""more_targets.py IN.c OUT.c [TABLE=ROW...]: a copy of a file that asserts the number of targets, with two targets
more. Tables that the file asserts to have a row for each target get empty rows for these, or the rows given."""

import re
import sys

source, out, *rows = sys.argv[1:]
with open(source, encoding='utf-8') as file:
    text = file.read()
for table in re.findall(r'_Static_assert\(\s*sizeof (\w+)(?: / sizeof \*\1)? == KILN_PROCESSOR_COUNT', text):
    text = text.replace(f'{table}[]', f'{table}[KILN_PROCESSOR_COUNT]')
for table, row in (r.split('=', 1) for r in rows):
    text = re.sub(rf'({table}\[KILN_PROCESSOR_COUNT\](\[\w+\])? = {{)', lambda m: m[1] + row + ',', text)
last = [m.end() for m in re.finditer(r'^#include .*\.h[">]\n', text, re.M)][-1]
more = '#include "tests/stub/stub_target.h"\n' if rows else ''
text = text[:last] + more + '#define KILN_PROCESSOR_COUNT (KILN_PROCESSOR_COUNT + 2)\n' + text[last:]
with open(out, 'w', encoding='utf-8') as file:
    file.write(text)
