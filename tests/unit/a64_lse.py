#!/usr/bin/env python3
"""a64_lse.py PROGRAM LLVM_MC: the words that PROGRAM (a64_lse.c) prints are those that LLVM's assembler makes
of the text beside them."""
import re
import subprocess
import sys

lines = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True).stdout.splitlines()
rows = [line.split(' ', 1) for line in lines]
text = subprocess.run([sys.argv[2], '--triple=aarch64', '--mattr=+lse', '--show-encoding'],
                      input='\n'.join(t for _, t in rows) + '\n', capture_output=True, text=True,
                      check=True).stdout
made = [bytes(int(b, 16) for b in m.split(',')) for m in re.findall(r'encoding: \[([^]]*)\]', text)]
wrong = [f'{t}: {w}, expected {m[::-1].hex()}' for (w, t), m in zip(rows, made)
         if int(w, 16) != int.from_bytes(m, 'little')]
if len(made) != len(rows) or not rows:
    wrong.append(f'{len(rows)} rows, {len(made)} words')
print('1..1')
for line in wrong[:20]:
    print('#', line)
print('%s 1 - %d LSE instructions by LLVM\'s assembler' % ('not ok' if wrong else 'ok', len(rows)))
sys.exit(1 if wrong else 0)
