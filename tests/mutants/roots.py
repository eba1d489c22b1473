"""Bugs in roots of a garbage collector, their tables and walks of the stack, which tests/moving finds: by programs whose
collector moves everything, or by the verifier, which has to refuse stale values. A row ends with what finds it."""
import os

from campaign import Campaign, NotFound, Row

TABLE, WALK, FRAME, PLAN = ('lib/codegen/' + n for n in ('root_table.c', 'walk.c', 'frame_alloc.c', 'plan.c'))
WRITE, FIND, RELOCS = 'lib/jit/link/write.c', 'lib/jit/serve/find.c', 'lib/image/image_relocs.c'
STACK, CFI = 'runtime/stack/stack.c', 'runtime/stack/cfi.c'
ROOTS, INTERP, ENTER = 'ir/roots.c', 'interp/thread.c', 'interp/call.c'
LIMIT = 120  # seconds: a bug may make endless code

# What finds it: arguments of tests/moving; `linked`: the program of seed 1 as a shared object.
LONG = ['--collections=200000', '--floor=0'] # the last roots are those of 4 bytes, which few statements read after a collection
JIT, THREADS = ['--collections=40000', '--floor=0'], ['--collections=4000', '--threads=4', '--floor=0']
INTERPRETED, STALE, LINKED = ['--collections=8000', '--interpreted=6000', '--floor=0'], ['--refused=300'], 'linked'

MUTANTS = [
    # ---- roots in the frame ----
    ('each root is 0 at the entry', WALK, 'if (!(s->memory & KN_MEMORY_ROOT)) continue;',
     'if (!(s->memory & KN_MEMORY_ROOT) || i % 3 == 0) continue;', JIT),
    ('roots of 4 bytes are 0 at the entry', WALK, 'if (!(s->memory & KN_MEMORY_ROOT)) continue;',
     'if (!(s->memory & KN_MEMORY_ROOT) || s->size_bytes == 4) continue;', JIT),
    ('a root shares memory with no other root', FRAME, 'if (KN_UNLIKELY(s->memory & KN_MEMORY_ROOT)) return kn_frame_alloc(w, 8, 3);',
     'if (s->memory & KN_MEMORY_ROOT) return w->frame.shared ? w->frame.shared : (w->frame.shared = kn_frame_alloc(w, 8, 3));', JIT),
    ('roots of 4 bytes share memory with none', FRAME, 'if (KN_UNLIKELY(s->memory & KN_MEMORY_ROOT)) return kn_frame_alloc(w, 8, 3);',
     'if (s->memory & KN_MEMORY_ROOT && s->size_bytes == 8) return kn_frame_alloc(w, 8, 3);\n'
     '  if (s->memory & KN_MEMORY_ROOT) return w->frame.shared ? w->frame.shared : (w->frame.shared = kn_frame_alloc(w, 8, 3));', JIT),
    ('a root is in no register, and is not spilled by value', PLAN, '.memory = s->memory, ', '.memory = s->memory & KN_MEMORY_ROOT ? 0 : s->memory, ', JIT),
    # ---- tables ----
    ('calls in a try have rows', TABLE, 'observer_of(o)->begun = own &&', 'observer_of(o)->begun = own && w->inst[w->i].op == KILN_OP_CALL &&', JIT),
    ('calls by address have rows', TABLE, 'observer_of(o)->begun = own &&', 'observer_of(o)->begun = own && kn_is_pool(w->inst[w->i].b) && w->inst[w->i].x != 4 &&', JIT),
    ('a call returns to its end', TABLE, '.at - func->start);', '.at - func->start - 1);', JIT),
    ('return addresses move with the code', TABLE, 'kn_request_mark(o->requests)',
     '({ uint32_t k = kn_request_mark(o->requests); ((struct kn_walk *)w)->code.marks.at[k].fixups = 0; k; })', JIT),
    ('ids are those of their calls', TABLE, 'kn_put32(p, r->calls.at[k].id);', 'kn_put32(p, r->calls.at[n - 1 - k].id);', JIT),
    ('roots are as far from the CFA as in the frame', TABLE, '- w->frame.cfa +', '- w->frame.cfa + 8 +', JIT),
    ('roots of 4 bytes are marked', TABLE, '+ (s->size_bytes == 4);', ';', JIT),
    ('all roots are in the table', TABLE, 'kn_put32(p + KN_ROOTS_N_ROOTS, n_roots);', 'kn_put32(p + KN_ROOTS_N_ROOTS, n_roots - 2);', LONG),
    ('a table says where its function is', RELOCS, 'piece->offset + KN_ROOTS_FUNC,', 'piece->offset + KN_ROOTS_FUNC - 4,', LINKED),
    ('a table of an object is of its own function', RELOCS, 'kn_image_func(image, image->roots.funcs[piece->first]);\n  const struct kn_place',
     'kn_image_func(image, image->roots.funcs[0]);\n  const struct kn_place', LINKED),
    ('a table of a unit is of its own function', WRITE, '        u->belongings[u->n_symbols].roots = ', '        u->belongings->roots = ', JIT),
    ('tables of a unit follow each other', WRITE, '        roots += t->size;\n', '', JIT),
    ('a function without a table has none', WRITE, '  memset(u->belongings, 0, belongings);',
     '  memset(u->belongings, 1, belongings);', JIT),
    ('the unwind rows of a function are its own', 'lib/jit/link/frames_dwarf.c', '    w->next++;\n', '    w->next += t == NULL;\n', JIT),
    # ---- walks ----
    ('a removed unit is not found', FIND, '  *u->found_from = next;\n', '  if (next == NULL) *u->found_from = next;\n', THREADS),
    ('a call that ends a function is in it', STACK, 'find_code(walk, pc - !exact, &code)', 'find_code(walk, pc, &code)', JIT),
    ('roots of 4 bytes have 4 bytes', STACK, '*size_bytes = word & 1 ? 4 : 8;', '*size_bytes = 8;', JIT),
    ('a root is at its address', STACK, '(uintptr_t)(intptr_t)(word & ~1)', '(uintptr_t)(intptr_t)word', JIT),
    ('the oldest frames are visited', STACK, 'end > (uint64_t)(uintptr_t)walk->end)', 'end + 2000 > (uint64_t)(uintptr_t)walk->end)', JIT),
    ('rows are those of the call', CFI, 'if (s->at > s->pc) return true;', 'if (s->at + 24 > s->pc) return true;', JIT),
    ('a call that ends a function has rows', CFI, 'f->exact ? f->pc : f->pc - 1', 'f->pc', JIT),
    ('registers that a frame saved are restored', CFI, '    f->r[k] = r[k];\n', '    if (k != 6) f->r[k] = r[k];\n', JIT),
    ('the caller has its own stack pointer', CFI, 'f->r[machine->stack_pointer] = *cfa;', 'f->r[machine->stack_pointer] = *cfa + 8;', JIT),
    ('a state that was remembered is restored', CFI, '    s->now = s->saved[--s->n_saved];\n', '    s->n_saved--;\n', JIT),
    ('the end of a frame may be an expression', CFI, '    r->cfa_expression = p;\n', '', JIT),
    # ---- the interpreter ----
    ('frames that C called from are visited, too', INTERP, 'fr != NULL; fr = fr->caller) {', 'fr != NULL; fr = fr->act->entry == fr ? NULL : fr->caller) {',
     INTERPRETED),
    ('interpreted roots are 0 at the entry', ENTER, 'if (fn->slots[s].root) memset', 'if (fn->slots[s].root && s % 2) memset', INTERPRETED),
    # ---- the verifier ----
    ('a copy is derived', ROOTS, '  case KILN_OP_COPY:\n', '', STALE),
    ('a sum is derived', ROOTS, '  case KILN_OP_ADD:\n', '', STALE),
    ('a difference is derived', ROOTS, '  case KILN_OP_SUB:\n', '', STALE),
    ('bits of a reference are derived', ROOTS, '  case KILN_OP_XOR:\n', '', STALE),
    ('an address is derived', ROOTS, '  case KILN_OP_ADDR:\n', '', STALE),
    ('a selection is derived', ROOTS, 'k = in->op == KILN_OP_SELECT;', 'k = 2 * (in->op == KILN_OP_SELECT);', STALE),
    ('a parameter is derived if an argument is', ROOTS, 'flow(r, a->value, kn_block_param(f, &f->blocks.at[f->edges.at[e].target], a->index));', 'continue;', STALE),
    ('what is loaded from a root is derived', ROOTS, 'in->op == KILN_OP_LOAD && is_root(f, in->a)) {', 'false) {', STALE),
    ('a call in the same block counts', ROOTS, 'if (call != 0 && (from != to || r->pos[call] > r->pos[h]))', 'if (call != 0 && from != to)', STALE),
    ('a call in another block counts', ROOTS, 'if (call != 0 && (from != to || r->pos[call] > r->pos[h]))', 'if (call != 0 && from == to && r->pos[call] > r->pos[h])', STALE),
]


class Planted(Campaign):
    rows = [Row(*columns) for columns in MUTANTS]
    flags = ['-std=gnu11', '-O1', '-w']
    libraries = ('libkiln-text.a', 'interp/libkiln-interp.a', 'libkiln.a')

    def __init__(self, args, work):
        super().__init__(args, work)
        self.own = [self.object(s, '-DKN_TEST_INTERP')
                    for s in ('tests/moving/gen.c', 'tests/moving/heap.c', 'tests/moving/host.c', 'tests/kir/kir_throw.c')]
        self.own.append(self.object('tests/moving/through.c', '-O2', '-fomit-frame-pointer'))
        self.bounds = self.object('tests/moving/bounds.c', '-fPIC')

    def differs(self, how, damaged, folder):
        moving = self.link('moving', [*self.own, *damaged], '-rdynamic', folder=folder)
        if how != LINKED:
            return self.fails([moving, *how], LIMIT)
        # The program as a shared object; its tables are read and its frames are walked.
        o, so = os.path.join(folder, 'p.o'), os.path.join(folder, 'p.so')
        return any(self.fails(words, LIMIT) for words in (
            [moving, '--emit=' + o], ['gcc', '-shared', o, self.bounds, '-o', so],
            [moving, '--linked=' + so, '--collections=3000', '--floor=0']))

    def without(self, rows):
        for how in JIT, LONG, THREADS, INTERPRETED, STALE, LINKED:
            yield ' '.join(how) if how != LINKED else how, self.differs(how, [], self.work) and 'it fails'

    def find(self, row, folder):
        if not self.differs(row.how, [self.object(row.file, folder=folder)], folder):
            raise NotFound('the test passes')
        return 'by tests/moving'
