"""Proves a sample of a program's functions, compiled from its bitcode."""
import collections
import glob
import os
import random
import re
import signal
import subprocess
import tempfile
import time

import elf
import irtext
import terms
from function import Failed
from lives import Lives
from machine import Machine, Unsupported
from processor import PROCESSORS
from relation import Related, Witness
from solve import Solver, Undecided


LEFT_OUT = {'builtin_setjmp'}


class Late(Exception):
    """The function's time is over."""


def named(text):
    """A module's text with names for private symbols, which objects would not have."""
    text = re.sub(r'@\.(\d+)', r'@kn.private.\1', text)
    return re.sub(r'^((?:func|data|declare|extern data|alias) )private ', r'\1internal ', text, flags=re.M)


def compiled(kiln, target, path, folder, options):
    """The object and the witnesses of a file: text by function's name."""
    if any(o.startswith('--inline') for o in options):
        return compiled_bitcode(kiln, target, path, folder, options)
    source = os.path.join(folder, 'named.kir')
    text = subprocess.run([kiln, 'print', path], check=True, stdout=subprocess.PIPE, text=True, errors='replace').stdout
    with open(source, 'w', encoding='utf-8') as f:
        f.write(re.sub(r'^target .*', 'target ' + target, named(text), count=1, flags=re.M))
    return compiled_source(kiln, target, source, folder, options)


def compiled_bitcode(kiln, target, path, folder, options):
    """The same of bitcode, or its text, which alone is inlined; LLVM's tools give names to its private symbols."""
    source = os.path.join(folder, 'named.bc')
    text, assembler = disassembled(path)
    text = re.sub(rb'^(@.* = )private ', rb'\1internal ', text, flags=re.M)
    subprocess.run([assembler, '-o', source, '-'], check=True, input=text)
    return compiled_source(kiln, target, source, folder, options)


def disassembled(path):
    """The text of bitcode, and what makes bitcode of it. A newer rustc has a newer LLVM, whose tools are rustup's component
    llvm-tools."""
    if path.endswith('.ll'):
        with open(path, 'rb') as f:
            return f.read(), 'llvm-as-22'
    home = os.environ.get('RUSTUP_HOME') or os.path.expanduser('~/.rustup')
    tools = ['llvm-dis-22', *sorted(glob.glob(os.path.join(home, 'toolchains/*/lib/rustlib/*/bin/llvm-dis')))]
    for tool in tools:
        done = subprocess.run([tool, '-o', '-', path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode == 0:
            return done.stdout, 'llvm-as'.join(tool.rsplit('llvm-dis', 1))
    raise SystemExit('prove: %s: no llvm-dis reads it: %s' % (path, done.stderr.decode(errors='replace').strip()))


def compiled_source(kiln, target, source, folder, options):
    heads = subprocess.run([kiln, 'print', source], check=True, stdout=subprocess.PIPE, text=True, errors='replace').stdout
    out = os.path.join(folder, 'out.o')
    witness = os.path.join(folder, 'witness')
    with open(witness, 'w', encoding='utf-8') as f:
        subprocess.run([kiln, 'compile', '--dump=witness', '--target=' + target, '-o', out, *options, source], check=True, stderr=f)
    with open(witness, encoding='utf-8', errors='replace') as f:
        return elf.Object(out), witnesses(f.read()), irtext.heads(heads)


def witnesses(text):
    """By function: its text, and the lines of its witness."""
    out = {}
    for chunk in text.split('witness 3\n')[1:]:
        body, _, rest = chunk.partition('\n}\n')
        out[irtext.head(body)[0]] = (body + '\n}\n', rest.split('\nend')[0].split('\n'))
    return out


def sample(functions, n, seed):
    """Names of functions drawn at random, until they have n instructions."""
    names = sorted(functions)
    random.Random(seed).shuffle(names)
    out, total = [], 0
    for name in names:
        if n and total >= n:
            break
        out.append(name)
        total += size(functions[name][0])
    return out


def size(text):
    return sum(1 for line in text.split('\n') if line.startswith('  ') and not re.match(r'  (!|slot\d+ = )', line))


def one(processor, obj, entry, signatures, seconds, limit):
    """What became of a function, and why. `doubtful`: a goal was refuted, after the solver gave up on another one."""
    terms.APART.clear()
    text, lines = entry
    f = next(iter(irtext.read(text, None, signatures).values()))
    if f.unread:
        return 'unsupported', f.unread
    for _, insts in f.blocks.values():
        for inst in insts:
            if inst.op in LEFT_OUT:
                return 'unsupported', 'the operation ' + inst.op
    for a in f.attributes:
        if a.split()[0] in ('!naked', '!realign_stack', '!guard'):
            return 'unsupported', a
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        solver = Solver(seconds)
        witness = Witness(lines)
        bodies = Lives(f, witness.fresh, witness.life)
        proof = Related(Machine(processor, obj, solver), f, witness, bodies)
        proof.all_paths()
        return ('proved', '') if proof.wrong else ('failed', 'no wrong goal was refuted')
    except Failed as e:
        return 'doubtful' if solver.unknown else 'failed', str(e)
    except Unsupported as e:
        return 'unsupported', str(e)
    except Undecided:
        return 'undecided', ''
    except Late:
        return 'undecided', 'more than %d seconds' % limit
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def late(*_):
    raise Late()


# Of which functions are proved by --programs: file in the cache, target, percent of the instructions that must be proved.
PROGRAMS = [('sqlite/O0/sqlite3.bc', 'x86_64', 90), ('lua/O0/lua.merged.bc', 'x86_64', 90), ('sqlite/O1/sqlite3.bc', 'x86_64', 85),
            ('lua/O1/lua.merged.bc', 'x86_64', 85), ('sqlite/aarch64/O0/sqlite3.bc', 'aarch64', 85),
            ('sqlite/aarch64/O1/sqlite3.bc', 'aarch64', 85), ('lua/aarch64/O0/lua.merged.bc', 'aarch64', 85),
            ('lua/aarch64/O1/lua.merged.bc', 'aarch64', 85)]


def programs(a, cache):
    """True if enough of each program is proved, and nothing is wrong."""
    harness = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'tests/harness')
    subprocess.run([os.path.join(harness, 'sqlite_bitcode.sh'), cache, 'O1', 'aarch64/O0', 'aarch64/O1'], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([os.path.join(harness, 'lua_bitcode.sh'), cache, 'aarch64'], check=True, stdout=subprocess.DEVNULL)
    ok = True
    a.sample = a.sample or 20000
    for name, target, percent in PROGRAMS:
        if a.target in (None, target):
            a.functions = os.path.join(cache, name)
            proved, wrong = run(a, target)
            ok &= proved >= percent and not wrong
    return ok


def run(a, target):
    """How many percent of the instructions are proved, and how many functions are wrong."""
    signal.signal(signal.SIGVTALRM, late)
    processor, start = PROCESSORS[target](), time.process_time()
    options = ['--inline'] if a.inline else []
    with tempfile.TemporaryDirectory() as folder:
        obj, functions, signatures = compiled(a.kiln, target, a.functions, folder, options)
        names = [n for n in sample(functions, a.sample, a.seed) if all(text in n for text in a.only)]
        count, insts, why = collections.Counter(), collections.Counter(), collections.Counter()
        for name in names:
            what, reason = one(processor, obj, functions[name], signatures, a.seconds, a.limit)
            count[what] += 1
            insts[what] += size(functions[name][0])
            if what != 'proved':
                why[what + ': ' + re.sub(r'\d+', 'N', reason.split(' in ')[0])[:60]] += size(functions[name][0])
                print('%s: %s: %s' % (what, name, reason[:400 if what in ('failed', 'doubtful') else 150]), flush=True)
    total = max(sum(insts.values()), 1)
    print('%s %s: %d functions of %d, %d instructions, seed %d: %s; %.1f %% of the instructions proved; %.0f s of CPU time' % (
        a.functions, target, len(names), len(functions), total, a.seed,
        ', '.join('%d %s (%d)' % (count[k], k, insts[k]) for k in sorted(count)), 100 * insts['proved'] / total,
        time.process_time() - start))
    for text, n in why.most_common(20):
        print('%6d instructions: %s' % (n, text))
    return 100 * insts['proved'] / total, count['failed'] + count['doubtful']
