"""Bugs in loading objects, in late code, in the question whether a thread is in a unit, and in functions that free their
stack arguments, which unit tests find. A row ends with the test."""
import os

from campaign import Campaign, NotFound, Row

READ, ELF, COFF, LOAD, SYMBOLS, TABLES, ELF_ROWS, COFF_ROWS = (
    'lib/jit/load/' + n for n in ('read.c', 'read_elf.c', 'read_coff.c', 'load.c', 'load_symbols.c', 'load_tables.c', 'load_elf.c', 'load_coff.c'))
WRITE, LATE, FIND, DEBUG = ('lib/jit/' + n for n in ('link/write.c', 'link/late.c', 'serve/find.c', 'serve/loaded_debug.c'))
ROOTS, THROW, X64, STACK = 'lib/jit/link/late_roots.c', 'runtime/throw/throw.c', 'targets/x86_64/jit_code.c', 'runtime/stack/stack.c'
MOVED, CALL, FRAME = ('targets/x86_64/' + n for n in ('moved.c', 'call.c', 'frame.c'))
PLACER, SIGS = 'lib/codegen/call.c', 'ir/module/module_sigs.c'
LIMIT = 120  # seconds

MUTANTS = [
    # ---- what is checked ----
    ('a section is in the file', ELF, 'if (!empty && !kn_read_has(o, h->sh_offset, h->sh_size))', 'if (0)', 'jit_object'),
    ('an alignment is a power of two', ELF, '(align & (align - 1)) != 0 || ', '', 'jit_object'),
    ('a symbol is in its section', ELF, 'if (to->value > size || to->size > size - to->value)', 'if (to->value > size)', 'jit_object'),
    ("a symbol's section exists", ELF, 'if (section >= o->n_sections)', 'if (section >= o->n_sections + 65536)', 'jit_object'),
    ('a field is in its section', READ, 'bytes > of->size - r->offset)', 'r->offset == of->size)', 'jit_object'),
    ("a relocation's symbol exists", READ, ' || r->symbol >= o->n_symbols)', ')', 'jit_object'),
    ('objects of other processors are refused', ELF, 'if (head->e_machine != kn_elf_machine(o->processor)->number)', 'if (0)', 'jit_object'),
    ('functions do not overlap', SYMBOLS, 'f->at - last->at < last->size)', 'last->size == UINT32_MAX)', 'jit_object'),
    ('rows begin as Kiln writes them', ELF_ROWS, 'if (memcmp(expected, found, size) != 0 ||', 'if (', 'jit_object'),
    ('tables of exceptions begin as they do', TABLES, 'if (size < 2 || p[0] != KN_EH_OMIT) return false;', 'if (size < 2) return false;', 'jit_object'),
    ('tables of roots are whole', TABLES, ' || size != KN_ROOTS_HEAD + 4 * (calls * (1u + ids) + roots)) return 0;', ') return 0;', 'jit_object'),
    # ---- what is loaded ----
    ('a distance is one from the start of its data', LOAD, 'to->addend = (int64_t)((uint64_t)r->addend - r->offset);', '', 'jit_object'),
    ('data keeps its alignment', LOAD, '.align_log2 = s->align_log2,', '.align_log2 = 0,', 'jit_object'),
    ('thread-local data is that', LOAD, 'const bool tls = (s->flags & SHF_TLS) != 0;\n  const kiln_symbol_desc',
     'const bool tls = 0;\n  const kiln_symbol_desc', 'jit_object'),
    ('constructors are in a section of that name', LOAD, '.section = !tls && is_named(o, s) ? s->name : NULL}', '.section = NULL}', 'jit_object'),
    ('an exception has its type', TABLES, 'out->table_types.at[to->type_first + number - 1] = id;',
     'out->table_types.at[to->type_first + to->n_types - number] = id;', 'jit_object'),
    ('a function has its table of exceptions', TABLES, '  out->funcs.at[t->func].table = out->tables.n;\n', '', 'jit_object'),
    ('a function has its table of roots', TABLES, 'out->funcs.at[func - 1].roots = out->root_tables.n;', '', 'jit_object'),
    ('a symbol is where it is in its section', SYMBOLS, '(kiln_symbol){base}, (int64_t)offset).id;', '(kiln_symbol){base}, 0).id;', 'jit_object'),
    ('a weak definition is one of many', SYMBOLS, '[STB_WEAK] = KILN_LINKAGE_WEAK', '[STB_WEAK] = KILN_LINKAGE_EXTERNAL', 'jit_object'),
    ('a unique definition is one of many', ELF, 'section != 0 ? STB_WEAK : STB_GLOBAL;', 'STB_GLOBAL;', 'jit_object'),
    ('data has a name', WRITE, 'k < l->loaded->n_data; k++) {', 'k < 0; k++) {', 'jit_object'),
    ('a constructor belongs to its definition', WRITE, '    if (is_other(in, d->with)) continue;\n', '', 'jit_object'),
    ('debug sections have addresses', DEBUG, 'return at != 0 ? at + (uint64_t)r->addend : 0;', 'return 0;', 'jit_object'),
    # ---- COFF ----
    ('COFF: a section is in the file', COFF, 'if (!zero && size != 0 && !kn_read_has(o, at, size))', 'if (0)', 'jit_coff'),
    ('COFF: a symbol is in its section', COFF, 'if (value > o->sections[section].size)', 'if (0)', 'jit_coff'),
    ("COFF: a symbol's section exists", COFF, 'if ((uint32_t)section >= o->n_sections)', 'if (section > 65000)', 'jit_coff'),
    ('COFF: a symbol has its other records', COFF, 'if (*aux >= o->n_symbols - i)', 'if (0)', 'jit_coff'),
    ('COFF: a field is in its section', COFF, 'if (s->bytes != NULL && (at > s->size || bytes > s->size - at))', 'if (at > s->size)', 'jit_coff'),
    ('COFF: directives are obeyed or refused', COFF, '  if (k == 3) return NULL;\n', '  if (k == 3) return end;\n', 'jit_coff'),
    ('COFF: an alignment is that of a directive', COFF, 's->value = UINT64_C(1) << align_log2;', 's->value = 1;', 'jit_coff'),
    ('COFF: a hidden name is that', COFF, 's->visibility = STV_HIDDEN;', 's->visibility = STV_DEFAULT;', 'jit_coff'),
    ('COFF: a weak symbol is weak', COFF, '  s->bind = STB_WEAK;\n  obey', '  obey', 'jit_coff'),
    ('COFF: a comdat is one of many', COFF, 'of->link != KN_COFF_ONE_ONLY) s->bind = STB_WEAK;', 'of->link == KN_COFF_ONE_ONLY) s->bind = STB_WEAK;', 'jit_coff'),
    ('COFF: a section goes with another', COFF, '    s->group_symbol = o->sections[s->info].group_symbol;\n', '', 'jit_coff'),
    ('COFF: data ends where the next begins', COFF, 'else if (all[k + 1].value != all[k].value) end = all[k + 1].value;', '', 'jit_coff'),
    ("COFF: words are each object's own", COFF, 'has_prefix(name, ".refptr.") || ', '', 'jit_coff'),
    ('COFF: an import is an entry of the name', COFF, '  if (s->entry) s->name += 6;\n', '', 'jit_coff'),
    ('COFF: thread-local data is refused', COFF_ROWS, '{".tls", true, KN_JIT_REFUSED},', '', 'jit_coff'),
    ('COFF: rows are of a known version', COFF_ROWS, '(p[0] & 7) != 1 || ', '', 'jit_coff'),
    ('COFF: rows of another function are unknown', COFF_ROWS, ' || (p[0] & ~7) % HANDLERS != 0', '', 'jit_coff'),
    ('COFF: rows are in their section', COFF_ROWS, ' || size > room', '', 'jit_coff'),
    ('COFF: a function has its personality', COFF_ROWS, 'table.personality = kn_jit_load_place(o, r);', 'table.personality = kn_jit_load_place(o, r) + 1;', 'jit_coff'),
    ('COFF: the last constructor is first', LOAD, 'for (uint32_t i = o->read.n_sections; i-- > 1;)', 'for (uint32_t i = 1; i < o->read.n_sections; i++)', 'jit_coff'),
    ('COFF: a name has the priority', LOAD, 'return n < 65535 ? 65535 - (uint32_t)n : 0;', 'return n < 65535 ? (uint32_t)n : 0;', 'jit_coff'),
    ('COFF: functions without rows have a size', SYMBOLS, '  if (o->read.sizeless) extend(o);\n', '', 'jit_coff'),
    # ---- late code, units on a stack ----
    ('a lazy function takes the place of a definition', LATE, '      kn_jit_entry_aim(e);\n', '', 'jit_lazy'),
    ('a declaration alone redefines nothing', LATE, 'if (desc->redefine && e->unit != NULL)', 'if (e->unit != NULL)', 'jit_lazy'),
    ('a frame is in its unit alone', FIND, 'u != NULL && u->id == unit.id;', 'u != NULL;', 'jit_object'),
    # ---- roots among the arguments of lazy functions ----
    ('a call has the roots of the declaration', LATE, 'if (e->late != NULL) *roots = e->late->roots;', '', 'jit_lazy_roots'),
    ('a declaration without roots has none', LATE, '  else if (ok) e->late->roots = NULL;\n', '', 'jit_lazy_roots'),
    ('a walk has the table of the frame', STACK, 'code.roots = *(const uint8_t **)(uintptr_t)(end - KN_STACK_LATE_ROOTS);', 'code.roots = NULL;', 'jit_lazy_roots'),
    ('a JIT knows the frame', FIND, 'code->roots_of_frame = true;', '', 'jit_lazy_roots'),
    ('rdx is where it is saved', X64, '[X64_RDX] = -48', '[X64_RDX] = -40', 'jit_lazy_roots'),
    ('r9 is where it is saved', X64, '[X64_R9] = -80', '[X64_R9] = -72', 'jit_lazy_roots'),
    ('an argument on the stack is at its offset', ROOTS, '(int32_t)stack :', '(int32_t)stack + 8 :', 'jit_lazy_roots'),
    ('a root of an i32 has 4 bytes', ROOTS, '  *word |= p->type == KILN_TYPE_I32;\n', '', 'jit_lazy_roots'),
    ('only integers are roots', ROOTS, '(p->type != KILN_TYPE_I32 && p->type != KILN_TYPE_I64) || ', '', 'jit_lazy_roots'),
    ('only parameters are roots', ROOTS, 'if (n < 64 && r->references >> n != 0)', 'if (0)', 'jit_lazy_roots'),
    ('only registers that calls change are saved', ROOTS, 'if (reg != KN_NO_REG && *word == 0)', 'if (0)', 'jit_lazy_roots'),
    ('a parameter has its own place', 'lib/codegen/call.c', 'for (uint32_t k = 0; k <= number; k++) {', 'for (uint32_t k = 0; k < number; k++) {', 'jit_lazy_roots'),
    # ---- exceptions by tags ----
    ('forced unwinding is not caught', THROW, 'if (!forced && t->types != NULL)', 'if (t->types != NULL)', 'throw'),
    ('a filter lets pass what it lists', THROW, '*selector < 0 ? !is_listed(', '*selector < 0 ? is_listed(', 'throw'),
    ('a clause catches its own tag', THROW, ': type == 0 || (tag != NULL && type == (uintptr_t)tag))', ': 1)', 'throw'),
    ('catch all catches all', THROW, ': type == 0 || (tag', ': (tag', 'throw'),
    ('exceptions of other languages have no tag', THROW, 'return h->class == own_class;', 'return true;', 'throw'),
    ('a cleanup catches nothing', THROW, ' || (actions & SEARCH && does == CLEANUP)', '', 'throw'),
    ('a call ends before its return address', THROW, ' - !exact;', ';', 'throw'),
    ('a pad gets the selector', THROW, '(uint64_t)selector);', '0);', 'throw'),
    ('a rethrow throws', THROW, '  u.raise_again(exception);\n', '', 'throw'),
    ('an exception ends by its own cleanup', THROW, 'if (exception != NULL && find_for(exception, &u)) u.end(exception);', '', 'throw'),
    ('actions follow each other', THROW, 'at = next + distance;', 'at = next;', 'throw'),
    ('a thread is found in a unit', FIND, 'u != NULL && u->id == unit.id;', 'u != NULL && u->id != unit.id;', 'jit_object'),
    ('a unit that a thread runs is not removed', FIND, 'const bool found = u != NULL && u->id == unit.id;', 'const bool found = false;', 'jit_remove'),
    # ---- functions that free their stack arguments ----
    ('the end of the area stays', MOVED, '(int32_t)frame->popped - (int32_t)c->sig->popped;', '(int32_t)frame->popped - (int32_t)c->sig->popped + 8;', 'jit_tail'),
    ('the last word is moved first', MOVED, 'for (int32_t k = (int32_t)all; (k -= 8) >= 0;)', 'for (int32_t k = 0; k < (int32_t)all; k += 8)', 'jit_tail'),
    ('all words are moved', MOVED, 'all = (bytes + 7) / 8 * 8 + X64_MOVED_HEAD;', 'all = (bytes + 7) / 8 * 8 + X64_MOVED_HEAD - 8;', 'jit_tail'),
    ('the return address is moved', MOVED, 'k < X64_MOVED_HEAD; k += 8) move_word(w, k, from + k);', 'k < X64_MOVED_HEAD - 8; k += 8) move_word(w, k, from + k);', 'jit_tail'),
    ("the caller's rbp is moved", MOVED, 'for (int32_t k = 0; k < X64_MOVED_HEAD;', 'for (int32_t k = 8; k < X64_MOVED_HEAD;', 'jit_tail'),
    ('saved registers have their values', MOVED, 'x64_at(X64_RBP, saved -= 8));', 'x64_at(X64_RBP, saved -= 16));', 'jit_tail'),
    ('an area that becomes smaller is moved, too', CALL, 'if (KN_UNLIKELY(x64_tail_moves(w, c))) {', 'if (KN_UNLIKELY(c->sig->popped > w->plan->frame.popped)) {', 'jit_tail'),
    ('a return frees the arguments', FRAME, 'EMIT(w, x64_ret_pop, w->plan->frame.popped);', 'EMIT(w, x64_ret_pop, w->plan->frame.popped - 8);', 'jit_tail'),
    ('a caller allocates again what the callee freed', CALL, '(int32_t)(stack.bytes - stack.popped));', '(int32_t)stack.bytes);', 'jit_tail'),
    ('what a call frees is that of its signature', CALL, '  w->call_stack.popped = c->sig->popped;\n', '', 'jit_tail'),
    ('a try keeps the stack pointer', CALL, '    w->call_stack.kept = kn_frame_alloc(w, 8, 3);\n    EMIT', '    kn_frame_alloc(w, 8, 3);\n    if (0) EMIT', 'throw'),
    ('the frame frees what its signature says', 'lib/codegen/frame_plan.c', '.popped = sig->popped,', '.popped = 0,', 'jit_tail'),
    ('callers have a frame pointer', 'ir/builder/build_call.c', ' | s->conv->pops;', ';', 'jit_tail'),
    ('a tail call may have more arguments than its caller', PLACER, 'bytes > own && !sig->conv->pops', 'bytes > own', 'jit_tail'),
    ('a tail call has 4096 bytes at most', PLACER, 'if (bytes > KN_TAIL_STACK)', 'if (bytes > KN_TAIL_STACK + 8)', 'jit_tail'),
    ('a tail call may have 4096 bytes', PLACER, 'if (bytes > KN_TAIL_STACK)', 'if (bytes >= KN_TAIL_STACK)', 'jit_tail'),
    ('an area has 65528 bytes at most', SIGS, 's->stack_bytes > MAX_FREED', 's->stack_bytes > MAX_FREED + 8', 'jit_tail'),
    ('an area may have 65528 bytes', SIGS, 's->stack_bytes > MAX_FREED', 's->stack_bytes >= MAX_FREED', 'jit_tail'),
]


class Planted(Campaign):
    rows = [Row(*mutant) for mutant in MUTANTS]
    flags = ['-std=gnu11', '-O1', '-w', '-fPIC', '-D_FILE_OFFSET_BITS=64']
    jobs = 2

    def without(self, rows):
        for test in sorted({row.how for row in rows}):
            out, status = self.run([os.path.join(self.build, 'tests/unit', test)], LIMIT)
            yield 'unit/' + test, None if status == 0 else out

    def find(self, row, folder):
        program = self.relink('tests/unit/' + row.how, [self.object(row.file, folder=folder)], folder)
        if not self.fails([program], LIMIT, cwd=folder):
            raise NotFound('the test passes')
        return 'by unit/' + row.how
