#!/usr/bin/env python3
"""Plants bugs in the runtime of WebAssembly, one for each promise of docs/embedding-untrusted-modules.md: the test that the
page names beside the promise has to fail.

    promises.py [--tap] [--only=TEXT] [--every=N] [BUILD]

A row of ROWS names the test, a file, and a text in it that is replaced. The file is compiled again, and the test's
program linked with it, by the commands of the build folder.
"""
import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, 'docs/embedding-untrusted-modules.md')

# Kind of test -> the program that is linked again, how the test runs with it.
WASM = os.path.join(ROOT, 'tests/wasm')
PROGRAMS = {
    'wasm/host': ('tests/wasm/host', lambda p, what: [sys.executable, WASM + '/host.py', '--runner=' + p, what]),
    'wasm/edges': ('tests/wasm/spec_runner', lambda p, what: [sys.executable, WASM + '/edges.py', '--runner=' + p]),
    'wasm/spec': ('tests/wasm/spec_runner',
                  lambda p, what: [sys.executable, WASM + '/spec.py', '--tap', '--ways=memory', '--runner', p, what + '.wast']),
    'wasm/run': ('kiln-run', lambda p, what: [sys.executable, WASM + '/run.py', '--run=' + p]),
    'unit/wasi': ('tests/unit/wasi', lambda p, what: [p]),
    'unit/wasi_pieces': ('tests/unit/wasi_pieces', lambda p, what: [p]),
}
# A file's archive.
ARCHIVES = {'frontends/wasm/runtime': 'frontends/wasm/runtime/libkiln-wasmrt.a', 'frontends/wasm': 'frontends/wasm/libkiln-wasm.a'}

# Test, file, text, what it becomes.
ROWS = [
    ('wasm/edges', 'frontends/wasm/runtime/memory.c', 'm->reserved = reserve(m->reserved_bytes, before + size);',
     'm->reserved = reserve(m->reserved_bytes, before + size + 65536);'),
    ('wasm/host failing', 'frontends/wasm/runtime/memory.c', 'return size <= all && at <= all - size;', 'return size <= all;'),
    ('wasm/spec call_indirect', 'frontends/wasm/call.c', 'KILN_ICOND_NE, KILN_TYPE_I32, has, wants)',
     'KILN_ICOND_NE, KILN_TYPE_I32, has, has)'),
    ('wasm/host fault_in_code', 'frontends/wasm/runtime/trap.c', 'if ((in_stub || kn_code_has(g.pc)) && on_stack(a, g.sp)) {',
     'if (on_stack(a, g.sp)) {'),
    ('wasm/host handler_of_host', 'frontends/wasm/runtime/trap.c', 'sigorset(&mask, &context->uc_sigmask, &old.sa_mask);',
     'mask = context->uc_sigmask;'),
    ('wasm/host signals_after_trap', 'frontends/wasm/runtime/trap.c', 'go_on_at(context, &a->jump);', 'kn_leave(&a->jump);'),
    ('wasm/host depths', 'frontends/wasm/runtime/trap.c', 'a->limit = a->low + a->store->options.host_stack_bytes;', 'a->limit = a->low;'),
    ('wasm/host signal_at_end', 'frontends/wasm/runtime/trap.c', 'if (a != NULL && no_room_for_signal(a, signal, info, &g)) {', 'if (false) {'),
    ('wasm/host most_stack', 'frontends/wasm/runtime/trap.c', '    make_guard(a);\n', '    a->guard = 0;\n'),
    ('wasm/host coroutine', 'frontends/wasm/runtime/trap.c', 'else if (a->stack < t->stack_low || a->stack >= t->stack_high) return false;', ''),
    ('wasm/host limits', 'frontends/wasm/runtime/memory.c', '  if (s->used.memories == s->options.max_memories) return false;\n', ''),
    ('wasm/host growing', 'frontends/wasm/runtime/memory.c', '&& taken <= k->max_total', ''),
    ('wasm/host exceptions', 'frontends/wasm/runtime/exception.c', 'if (!g.all[k]->marked) free_exn(s, g.all[k]);', '{}'),
    ('wasm/host failing', 'frontends/wasm/runtime/instance.c', '    kn_store_disown(s, before); /* nothing refers to it so far */\n', ''),
    ('wasm/host failing', 'frontends/wasm/runtime/instance.c', '  if (!shares_references(image)) kn_store_disown(s, before);\n', ''),
    ('wasm/host fuel', 'frontends/wasm/runtime/memory.c', 'h->fuel -= (int64_t)(bytes / BYTES_PER_FUEL);', '(void)bytes;'),
    ('wasm/host interruption', 'frontends/wasm/runtime/memory.c', 'if (self->woken || kn_interrupted(self->store)) break;',
     'if (self->woken) break;'),
    ('wasm/host interruption', 'frontends/wasm/runtime/trap.c',
     'if (trap == KILN_WASM_TRAP_INTERRUPT && !take_interruption(a->store)) done = GOES_ON;',
     'if (trap == KILN_WASM_TRAP_INTERRUPT) take_interruption(a->store);'),
    ('wasm/host pieces', 'frontends/wasm/runtime/memory.c', 'n = kn_piece(s, size - done, KN_PIECE_BYTES);\n    memset(',
     'n = size - done;\n    memset('),
    ('wasm/host pieces', 'frontends/wasm/runtime/memory.c', 'n = kn_piece(s, size - done, KN_PIECE_BYTES);\n    uint64_t at',
     'n = size - done;\n    uint64_t at'),
    ('wasm/host pieces', 'frontends/wasm/runtime/table.c', 'm = kn_piece(i->store, n - done, KN_PIECE_ELEMENTS);', 'm = n - done;'),
    ('wasm/host pieces', 'frontends/wasm/runtime/table.c', '    if (kn_interrupted(t->store)) {', '    if (false) {'),
    ('wasm/host pieces', 'frontends/wasm/runtime/wasi_fd.c', 'if (i % KN_PIECE_ELEMENTS == 0) kn_wasi_look(w);', ''),
    ('unit/wasi_pieces', 'frontends/wasm/runtime/wasi_fd.c', '    kn_wasi_look(w);\n    int k', '    int k'),
    ('unit/wasi_pieces', 'frontends/wasm/runtime/wasi_fd.c', '    kn_wasi_look(w);\n    long n', '    long n'),
    ('unit/wasi_pieces', 'frontends/wasm/runtime/wasi.c', '    kn_wasi_look(w);\n    ssize_t n', '    ssize_t n'),
    ('wasm/host overlaps', 'frontends/wasm/runtime/memory.c', 'uint64_t at = back ? size - done - n : done;', 'uint64_t at = done;'),
    ('wasm/host backtraces', 'frontends/wasm/runtime/memory.c', 'if (!within(m, to, size)) kn_do_trap(', 'if (!within(m, to, size)) kiln_wasmrt_trap('),
    ('wasm/host other_store', 'frontends/wasm/runtime/instance.c',
     '  if (e->store != NULL && e->store != s && e->kind != KILN_WASM_MEMORY) return false;\n', ''),
    ('wasm/host shared_memory', 'frontends/wasm/runtime/memory.c', 'if (__atomic_sub_fetch(&m->uses, 1, __ATOMIC_ACQ_REL) == 0) {',
     'if (__atomic_sub_fetch(&m->uses, 1, __ATOMIC_ACQ_REL) < 2) {'),
    ('wasm/host typed', 'frontends/wasm/runtime/typed.c', 'if (v->type != type) return', 'if (v->type > 70) return'),
    ('wasm/host callers_memory', 'frontends/wasm/runtime/wasi.c', 'w->memory = caller != NULL ? caller->memory : w->outside;',
     'if (w->outside == NULL) w->outside = caller->memory; w->memory = w->outside;'),
    ('unit/wasi', 'frontends/wasm/runtime/wasi_beneath.c', 'if (k->depth == 0) return failed(EXDEV);', 'if (k->depth == 0) return 0;'),
    ('unit/wasi rights', 'frontends/wasm/runtime/wasi.c', 'return ((*fd)->rights & rights) == rights ? WASI_SUCCESS : WASI_ENOTCAPABLE;',
     'return WASI_SUCCESS;'),
    ('unit/wasi pointers', 'frontends/wasm/runtime/wasi_state.h', 'at > w->memory->size_bytes - size)', 'at > w->memory->size_bytes)'),
    ('wasm/run standard output', 'frontends/wasm/runtime/wasi_state.h', '(RIGHT_FD_READ | RIGHT_FD_WRITE | RIGHT_FD_SYNC |',
     '(RIGHT_FD_READ | RIGHT_FD_WRITE | RIGHT_FD_SET_FLAGS | RIGHT_FD_SEEK | RIGHT_FD_SYNC |'),
    ('wasm/run names', 'frontends/wasm/runtime/store.c', "if (*p < 0x20 || *p == 0x7f) *p = '?';", "if (*p == 0x7f) *p = '?';"),
    ('wasm/run types', 'frontends/wasm/runtime/store.c', 'v[3] ^= word, sip_round(v), v[0] ^= word;', 'v[0] ^= word & 0;'),
    ('wasm/run table', 'frontends/wasm/control.c', 'if (KN_UNLIKELY(c->passed > c->may_pass))', 'if (false)'),
]


class Build:
    """Programs of a build folder with a file of theirs replaced."""

    def __init__(self, folder, work):
        self.folder, self.work = folder, work

    def command(self, target):
        text = subprocess.run(['ninja', '-C', self.folder, '-t', 'commands', '-s', target], check=True, capture_output=True, text=True)
        return shlex.split(text.stdout.strip().splitlines()[-1].split('&&')[-1])

    def archive(self, directory, changed):
        """The archive of a folder of sources, with the files `changed` (name -> text) in place of theirs."""
        name = ARCHIVES[directory]
        out = os.path.join(self.work, os.path.basename(name))
        shutil.copy(os.path.join(self.folder, name), out)
        copy = os.path.join(self.work, 'sources')
        shutil.copytree(os.path.join(ROOT, directory), copy)
        for file, text in changed.items():
            with open(os.path.join(copy, file), 'w') as f: f.write(text)
        files = [f for f in changed if f.endswith('.c')] or [f for f in os.listdir(copy) if f.startswith('wasi') and f.endswith('.c')]
        for file in files:
            words = self.command('%s.p/%s.o' % (name, file))
            words[-1] = os.path.join(copy, file)
            words[words.index('-o') + 1] = os.path.join(self.work, file + '.o')
            words = [w for k, w in enumerate(words) if w not in ('-MD',) and words[k - 1] not in ('-MQ', '-MF') and w not in ('-MQ', '-MF')]
            words.insert(words.index('-c'), '-w')
            subprocess.run(words, check=True, cwd=self.folder)
            subprocess.run(['ar', 'd', out, file + '.o'], check=True)
            subprocess.run(['ar', 'r', out, os.path.join(self.work, file + '.o')], check=True, stderr=subprocess.DEVNULL)
        return name, out

    def program(self, target, archive):
        name, changed = archive
        words = [changed if w == name else w for w in self.command(target)]
        out = os.path.join(self.work, os.path.basename(target))
        words[words.index('-o') + 1] = out
        subprocess.run(words, check=True, cwd=self.folder)
        return out


def found(folder, row):
    """What is wrong with a row; NULL: the test fails, as it has to."""
    test, file, old, new = row
    with open(os.path.join(ROOT, file)) as f: text = f.read()
    if text.count(old) != 1: return 'its text occurs %d times' % text.count(old)
    kind, _, what = test.partition(' ')
    target, run = PROGRAMS[kind]
    with tempfile.TemporaryDirectory(prefix='kiln-promises-') as work:
        build = Build(folder, work)
        directory = os.path.dirname(file)
        program = build.program(target, build.archive(directory, {os.path.basename(file): text.replace(old, new)}))
        with subprocess.Popen(run(program, what), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors='replace',
                              cwd=work, start_new_session=True, env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT='TAP')) as p:
            try:
                out = p.communicate(timeout=60)[0]
            except subprocess.TimeoutExpired:  # with all that it has started
                os.killpg(p.pid, signal.SIGKILL)
                return None
    return None if p.returncode != 0 or re.search('^not ok', out, re.M) else 'the test passes with it'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tap', action='store_true', help='nothing else is printed in any case')
    p.add_argument('--only', default='')
    p.add_argument('--every', type=int, default=1)
    p.add_argument('build', nargs='?', default=os.path.join(ROOT, 'build'))
    args = p.parse_args()
    with open(PAGE) as f: promised = re.findall(r'\| `((?:wasm|unit)/[^`]+)` \|$', f.read(), re.M)
    failed = [t for t in promised if t not in [row[0] for row in ROWS]]
    for test in failed: print('# no bug is planted for %s' % test)
    rows = [row for row in ROWS if args.only in row[0] or args.only in row[1]][::args.every]
    print('%sok 1 - each promise has a planted bug' % ('not ' if failed else ''))
    for number, row in enumerate(rows, 2):
        wrong = found(os.path.abspath(args.build), row)
        if wrong: failed.append(row)
        print('%sok %d - %s, %s: %s%s' % ('not ' if wrong else '', number, row[0], row[1], ' '.join(row[2].split())[:60], '\n# ' + wrong if wrong else ''),
              flush=True)
    print('1..%d' % (len(rows) + 1))
    return len(failed) > 0


if __name__ == '__main__':
    sys.exit(main())
