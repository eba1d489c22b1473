"""Bugs in the runtime of WebAssembly, one for each promise of docs/embedding-untrusted-modules.md: the test that the page
names beside the promise has to fail. A row begins with the test, whose program is linked again by the command of BUILD."""
import glob
import os
import re
import shutil
import sys

from campaign import ROOT, Campaign, NotFound, Row

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
LIMIT = 60

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


class Planted(Campaign):
    rows = [Row('%s: %s' % (test, ' '.join(old.split())[:60]), file, old, new, test) for test, file, old, new in ROWS]
    flags = ['-std=gnu11', '-O2', '-w', '-fPIC', '-fexceptions', '-D_FILE_OFFSET_BITS=64', '-iquote' + os.path.join(ROOT, 'dwarf')]

    def without(self, rows):
        with open(PAGE) as f:
            promised = re.findall(r'\| `((?:wasm|unit)/[^`]+)` \|$', f.read(), re.M)
        lacking = [test for test in promised if test not in [row.how for row in self.rows]]
        yield 'each promise has a planted bug', ', '.join(lacking)

    def find(self, row, folder):
        sources = [row.file]
        if row.file.endswith('.h'):
            sources = [os.path.relpath(p, ROOT) for p in glob.glob(os.path.join(ROOT, os.path.dirname(row.file), 'wasi*.c'))]
            for source in sources:
                shutil.copy(os.path.join(ROOT, source), os.path.join(folder, source))
        kind, _, what = row.how.partition(' ')
        target, words = PROGRAMS[kind]
        program = self.relink(target, [self.object(source, folder=folder) for source in sources], folder)
        out, status = self.run(words(program, what), LIMIT, cwd=folder, env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT='TAP'))
        if status == 0 and not re.search('^not ok', out, re.M):
            raise NotFound('the test passes')
        return 'no end' if status is None else 'by ' + row.how
