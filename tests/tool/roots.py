#!/usr/bin/env python3
"""roots.py BUILD: functions with a root and random branches. The verifier refuses those, and only those, in which the
definition of a derived value does not dominate its use, or a walk along all paths from the definition finds the use
after a call that collects. Speaks TAP."""
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'harness'))
from tap import Tap  # noqa: E402

FUNCTIONS = 1500


def dominators(edges):
    """For each block that block 0 reaches, the blocks that are on all paths to it."""
    def reached(without):
        seen, todo = set(), [0]
        while todo:
            block = todo.pop()
            if block != without and block not in seen:
                seen.add(block)
                todo += edges[block]
        return seen
    all_blocks = reached(None)
    return {b: {a for a in all_blocks if a == b or b not in reached(a)} for b in all_blocks}


def function(draw):
    """A function as text, and what is wrong with it: words of the diagnostic, or ''."""
    n = draw.randint(2, 16)
    far = draw.choice((2, 4, 16)) # how far branches go
    edges = [[min(max(b + draw.randint(-far, far), 1), n - 1) for _ in range(draw.choice((1, 2, 2)))] for b in range(n)]
    edges[draw.randrange(1, n)] = []
    dominate = dominators(edges)
    used = draw.choice(list(dominate))
    before = draw.choice([b for b in dominate if used in edges[b]] or [0]) # what dominates this may be beside the use
    made = draw.choice([b for b in dominate[draw.choice((used, used, before))] if b != used] or [used])
    calls = {b: draw.choice(('before', 'after')) for b in range(n) if draw.random() < 0.2}
    text = ['target x86_64', 'declare @gc()', 'func @f(i8) -> i8 {', '  %r = slot 8 align 8 root']
    for b in range(n):
        text.append('b%d%s:' % (b, '(v0: i8)' if b == 0 else ''))
        text += ['  call @gc()'] if calls.get(b) == 'before' else []
        text += ['  v1 = load.i64 %r'] if b == made else []
        text += ['  store.i64 v1, %r'] if b == used else []
        text += ['  call @gc()'] if calls.get(b) == 'after' else []
        to = edges[b]
        text.append('  ret v0' if not to else '  br b%d' % to[0] if len(to) == 1 else '  brif v0, b%d, b%d' % tuple(to))
    wrong = 'may not have run' if made not in dominate[used] else 'is used after the call' if meets_call(edges, calls, made, used) else ''
    return '\n'.join([*text, '}', '']), wrong


def meets_call(edges, calls, made, used):
    """Walks from the definition to the use, block by block; a state is a block and whether a call was met."""
    if made == used:
        return False
    seen, todo = set(), [(b, calls.get(made) == 'after') for b in edges[made]]
    while todo:
        block, called = todo.pop()
        if block == made or (block, called) in seen:
            continue
        seen.add((block, called))
        if block == used and (called or calls.get(block) == 'before'):
            return True
        todo += [(b, called or block in calls) for b in edges[block]]
    return False


def main():
    kiln, tap, draw = Path(sys.argv[1]) / 'kiln', Tap(), random.Random(1)
    refused, wrong = 0, []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / 'f.kir'
        for number in range(FUNCTIONS):
            text, expected = function(draw)
            source.write_text(text)
            run = subprocess.run([kiln, 'compile', source, '-o', Path(folder) / 'f.o'], stderr=subprocess.PIPE, text=True)
            refused += expected != ''
            if run.returncode != (expected != '') or expected not in run.stderr:
                wrong.append('%d: %s\n%s' % (number, run.stderr, text))
    tap.case('%d functions with random branches' % FUNCTIONS, '\n'.join(wrong[:3]) or None)
    tap.case('a sixth of them or more is refused, and a half is not',
             None if FUNCTIONS // 6 < refused < FUNCTIONS // 2 else '%d refused' % refused)
    tap.finish()


if __name__ == '__main__':
    main()
