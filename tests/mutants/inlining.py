"""Bugs in inlining (ir/inline) and in what debuggers learn of it, which tests find: tests/unit/inline.c, inline_made.c and
debug_rows.c, or the .kir tests with all calls inlined, or tests/inlined (--by), which compares functions of a few programs
with the same before inlining."""
import os
import subprocess

import beside
from campaign import ROOT, Campaign, NotFound, Row

REPLAY, CALL, KEEP, SETTLE, DEBUG, SCAN, SPLIT, FORWARD = (
    'ir/inline/inline_%s.c' % name for name in ('replay', 'call', 'keep', 'settle', 'debug', 'scan', 'split', 'forward'))
APPEND, SHARE, LINES, DEBUGGER = 'ir/builder/build_append.c', *('lib/debug/%s.c' % name for name in ('observe_share', 'observe_lines', 'debugger'))
# Those with calls of functions that stay small.
FILES = ('inlined.kir', 'forward.kir', 'g_slots.kir', 'calls.kir', 'chain.kir', 'flow.kir', 'memory.kir', 'try.kir', 'try_values.kir', 'g_chains.kir', 'g_random.kir',
         'g_random_all.kir')
LIMIT, CPU_LIMIT = 60, 4 # seconds of time and of a process: a bug may make endless code

MUTANTS = [
    # ---- operands ----
    ("a body's slots are the caller's, one each", REPLAY, 'if (l->slot[i] == 0) {', 'if (l->slot[i] == 0 && i == 0) {'),
    ("a piece is where it is in its slot", REPLAY, 'return (struct kn_ref){l->slot[i], (int32_t)at};',
     'return (struct kn_ref){l->slot[i], 0};'),
    ('a displacement is added where an address is a value', REPLAY, '(kiln_value){ref.h}, KN_NONE, 0, ref.disp)',
     '(kiln_value){ref.h}, KN_NONE, 0, 0)'),
    ('displacements of an access add up', REPLAY, '  *disp = sum;\n', ''),
    ('displacements of addresses add up', REPLAY, 'l->map[i] = (struct kn_ref){base.h, sum};',
     'l->map[i] = (struct kn_ref){base.h, disp};'),
    ('what is stored once is what was stored', REPLAY,
     'l->stored[kn_index(in->a)] = kn_replay_ref(r, l, in->b);', 'l->stored[kn_index(in->a)] = l->map[1];'),
    ('an index stays', REPLAY, 'constant ? 0 : kn_replay_value(r, l, in->b)', '0'),
    # ---- blocks ----
    ('a block that is entered from several places is not merged', REPLAY,
     'if (b->n_preds == 1 && !b->address_taken) {', 'if (b->n_preds >= 1 && !b->address_taken) {'),
    ("a merged block's parameters are the edge's arguments", REPLAY,
     'tried ? results[kn_tried_number(a->value)] : kn_replay_ref(r, l, a->value);', '(struct kn_ref){0};'),
    ('a constant condition chooses its own edge', REPLAY, 'return in->b + !(v & 1);', 'return in->b + (v & 1);'),
    ("a switch's cases keep their targets", REPLAY, 'f->lists.at + in->c + 2 * (k - 1);', 'f->lists.at + in->c;'),
    ('blocks that wait are built', REPLAY, 'while (l->waiting != 0 && g->status == KILN_OK) {', 'while (0) {'),
    ("arguments go to their parameters", REPLAY, 'to[ARG_INDEX] = a->index', 'to[ARG_INDEX] = 0'),
    ('the other edge has its own arguments', REPLAY, '!kn_replay_gather(r, l, in->b + 1, 1, NULL, NULL)',
     '!kn_replay_gather(r, l, in->b + 1, 0, NULL, NULL)'),
    # ---- calls ----
    ('arguments are the values themselves, in order', CALL, 'l->f->lists.at[in->a + k]);\n    struct kn_ref *to',
     'l->f->lists.at[in->a]);\n    struct kn_ref *to'),
    ('narrower integers are their lower bits', CALL, '  if (from == to) return v;\n', '  return v;\n'),
    ('of the only return the results are there', CALL, 'l->returned[k] = kn_replay_ref(r, l, kn_ret_value(l->f, in, k));',
     'l->returned[0] = kn_replay_ref(r, l, kn_ret_value(l->f, in, k));'),
    ('of several returns, each goes on with its results', CALL,
     'kiln_build_br(g, (kiln_block){l->returned_at}, values, in->x);',
     'kiln_build_br(g, (kiln_block){l->returned_at}, NULL, 0);'),
    ('further results of an inlined call are its own', REPLAY, 'l->map[i] = l->results[in->x];', 'l->map[i] = l->results[0];'),
    ('a call in a body that a try calls becomes a try', CALL,
     'if (l->handler != NULL && kn_call_unwinds(l->f, in)) {', 'if (0) {'),
    ('its landing pad is that of the try', CALL, 'outer->f->edges.at[h->unwind_edge].target);\n  kiln_block normal',
     'outer->f->edges.at[h->unwind_edge - 1].target);\n  kiln_block normal'),
    ('the tries of a body take what those around take', CALL,
     'for (const struct kn_inline_level *h = l->handler; h != NULL && !all; h = h->up->handler)',
     'for (const struct kn_inline_level *h = NULL; h != NULL && !all; h = h->up->handler)'),
    ('a resume goes to the landing pad around', CALL, '  if (h == NULL) {\n    kiln_build_unary(g, KILN_OP_RESUME',
     '  if (1) {\n    kiln_build_unary(g, KILN_OP_RESUME'),
    ('a body with a handler gets its personality along', CALL,
     'if (r->g->attrs.personality.id == 0) r->g->attrs.personality.id = body->f->attrs.personality.id;', ''),
    ('a loop that does nothing, and does not end, stays', CALL, '  kn_replay_body(r, inner);\n  if (g->status',
     '  if (inner->body->n_returns == 0 && f->inst[f->block[f->order.at[f->order.n - 1]].term].op == KILN_OP_BR)\n'
     '    inner->returned_at = g->current;\n  else kn_replay_body(r, inner);\n  if (g->status'),
    # ---- the table of what is not inlined ----
    ('an exception that a try passes on is not taken by the one around', CALL,
     '  if (body->passes && takes != 0) return KN_INLINE_PASSES;\n', ''),
    ('a cleanup around a catch is not inlined', CALL,
     '  if (body->cleans && (takes & KN_TAKES_CATCHES)) return KN_INLINE_CLEANS;\n', ''),
    ('features', CALL, 'f->attrs.features & ~g->attrs.features ||', ''),
    ('sanitizers', CALL, '  if (f->attrs.inline_same != g->attrs.inline_same) return KN_INLINE_SAME;\n', ''),
    ('personalities', CALL, 'personality != g->attrs.personality.id)\n    return KN_INLINE_PERSONALITY;', '0)\n    return 0;'),
    ('signatures', CALL, 'if (!same_signature(m, in->c, f->sig)) return KN_INLINE_SIGNATURE;', ''),
    ('growth', CALL, 'r->grown + body->all_size > r->may_grow', '0'),
    ('growth by tries', CALL, 'r->tried + body->all_tries > r->may_try', '0'),
    ('frames', CALL, 'return l->frame + body->all_frame > r->may_frame ? KN_INLINE_STACK_GROWTH : KN_INLINE_NONE;',
     'return KN_INLINE_NONE;'),
    ('recursive functions gain little', CALL, '  if (r->recursive) frame /= a->frame_part;\n  else if', '  if'),
    # ---- debugging information ----
    ('each copy has a call of its own', DEBUG, '.inlined = k->inlined};\n  return kn_loc_new_marked(g->session, &at, k->flags & (KN_LOC_AS_IS | KN_LOC_ALWAYS));',
     '.inlined = k->inlined};\n  return loc.scope;'),
    ("a copy's locations name its call", DEBUG, 'kn_replay_loc(r, l, k->inlined) : l->call;', 'kn_replay_loc(r, l, k->inlined) : 0;'),
    ('what is stored once is a value for debuggers', REPLAY,
     'if (KN_UNLIKELY(l->shown)) kn_replay_stored(r, l, kn_index(in->a));', ''),
    ("a copy's slots are declared", DEBUG, 'kn_debug_as_is(r->g)))\n      kiln_func_declare_variable(r->g, &is);',
     'kn_debug_as_is(r->g)))\n      continue;'),
    ("a variable's call is that of its copy", DEBUG, ".part_bits = v->part_bits,\n                              .inlined =",
     ".part_bits = v->part_bits,\n                              .indirect ="),
    ('a store that is left out is one for debuggers', DEBUG, '(void)KN_PUSH(r->g, r->g->debug.stores, store);', '(void)store;'),
    ('what is said before a removed instruction is said before the next', DEBUG,
     'while (i < g->n && g->inst[i].op == KILN_OP_SEG && g->inst[i].a == i + 1) i++;', ''),
    ('a statement that was removed was one', DEBUG, '  pass_removed(g);\n', ''),
    ('an address within a slot is a sum', DEBUG, '  if (ref.disp > 0) {\n', '  if (ref.disp > 100) {\n'),
    ('what nothing accesses is known by name', DEBUG, 'else /* nothing accesses it: it exists, and has no value */',
     'else if (0)'),
    ('kept locations have numbers of their own', DEBUG, 'room->numbers.at[loc] = room->locs.n;',
     'room->numbers.at[loc] = 0;'),
    ('what names entries of a session is not kept', KEEP, 'if (kn_inline_debug_of_session(f)) return KN_INLINE_DEBUG;', ''),
    ('what returns twice is not forwarded', REPLAY, 'f->facts.returns_twice || f->attrs.not_into', 'f->attrs.not_into'),
    ('what is to stay as it is is not forwarded', REPLAY, 'f->facts.returns_twice || f->attrs.not_into', 'f->facts.returns_twice'),
    ('what returns twice does so again', APPEND, 'facts->returns_twice = facts->sets_jump = true;', ''),
    ('what folds is what the operation makes', APPEND, 'kn_fold_eval_binary(op, *type, v[0], v[1], out)', 'kn_fold_eval_binary(op, *type, v[0], v[0], out)'),
    ('a count of one bit is compared as it is', APPEND, 'in->x == KILN_ICOND_EQ ? KILN_ICOND_UGT : KILN_ICOND_ULE',
     'in->x == KILN_ICOND_EQ ? KILN_ICOND_UGE : KILN_ICOND_ULT'),
    ('no other count is', APPEND, "in->b != kn_handle(KN_TAG_IMM, 1)) return 0;", '0) return 0;'),
    ("a slot's address is not null", REPLAY, 'kiln_const_int(r->g, in->x == KILN_ICOND_NE)', 'kiln_const_int(r->g, in->x == KILN_ICOND_EQ)'),
    ('a switch on a constant takes its case, by the bits of its type', REPLAY, 'v) << above == 0) return in->b + k;',
     'v) == 0) return in->b + k;'),
    # ---- what the scan notes ----
    ('an address that is stored leaves', SCAN, '  escape(r, l, in->b);\n  struct kn_ref at = plus', '  struct kn_ref at = plus'),
    ("an address that a call gets leaves", SCAN, 'for (uint32_t k = 0; k < in->x; k++) escape(r, l, l->f->lists.at[in->a + k]);\n  return NULL;',
     'return NULL;'),
    ('an address that a branch gives leaves', SCAN, 'if (!kn_is_tried(a->value)) escape(r, l, a->value);', ';'),
    ('an address that an operation reads leaves', SCAN, 'if (KN_UNLIKELY(kn_is_slot(h))) kn_split_escape(r, (struct kn_ref){h, 0});', ''),
    ('an address that another thread gets leaves', SCAN, 'if (KN_UNLIKELY(kn_is_slot(h))) kn_split_escape(r, (struct kn_ref){h, 0});',
     'if (kn_is_slot(h) && (k == 0 || known.op != KILN_OP_ATOMIC_STORE)) kn_split_escape(r, (struct kn_ref){h, 0});'),
    ('an address that an exchange stores leaves', SCAN, 'if (KN_UNLIKELY(kn_is_slot(h))) kn_split_escape(r, (struct kn_ref){h, 0});',
     'if (kn_is_slot(h) && (k == 0 || known.op != KILN_OP_ATOMIC_RMW)) kn_split_escape(r, (struct kn_ref){h, 0});'),
    ('an address that a conditional exchange stores leaves', SCAN, 'if (KN_UNLIKELY(kn_is_slot(h))) kn_split_escape(r, (struct kn_ref){h, 0});',
     'if (kn_is_slot(h) && (k == 0 || known.op != KILN_OP_ATOMIC_CAS)) kn_split_escape(r, (struct kn_ref){h, 0});'),
    ("an address in a coroutine's frame leaves", SCAN, '  escape(r, l, in->b);\n  struct kn_ref at = plus',
     '  if (address_of(r, l, in->a).h != 0) escape(r, l, in->b);\n  struct kn_ref at = plus'),
    ('an address with an index leaves', SCAN, '  escape(r, l, in->a);\n  escape(r, l, in->b);\n}', '}'),
    ('displacements of scanned accesses add up', SCAN, '!__builtin_add_overflow(at.disp, disp, &at.disp)) return at;', '1) return at;'),
    ('what a body gets is scanned in it', SCAN, 'inner->map[kn_block_param(f, f->block, k)] = at;', ';'),
    ('an address that a body returns is followed', SCAN, 'if (returns) l->returned[k] = what_is(r, l, kn_operand(&o, k));',
     'if (returns) l->returned[k] = (struct kn_ref){0};'),
    # ---- where slots are split ----
    ('accesses that overlap make memory', SPLIT, '(s->cuts & s->inner) == 0) return false;', '1) return false;'),
    ('a copy ends between accesses', SPLIT, 'byte_at((uint32_t)at) | byte_at((uint32_t)at + (uint32_t)size);', 'byte_at((uint32_t)at);'),
    ('a fill ends between accesses', SPLIT, 's->cuts |= byte_at((uint32_t)to.disp) | byte_at((uint32_t)(to.disp + (int32_t)size));', ''),
    ('a copy within a slot makes memory', SPLIT, 'if (to.disp != from.disp) d->memory = true;', ';'),
    ('copies and fills are volatile', SCAN, 'in->x != 0 || ', ''),
    ('accesses are volatile', SPLIT, '(flags & KILN_MEM_VOLATILE) || ', ''),
    ('an iteration reads what the one before it stored', SPLIT, '  *used |= all;\n', '  if (store || (s->written & first) || s->copied) *used |= all;\n'),
    ('pieces of one side are those of the other', SPLIT, 'changed |= agree(&c, &to->starts, &from->starts);', ''),
    ('what a slot that became memory gives is there', SPLIT, 'changed |= add(&to->written, all << c.to_at);', ''),
    ('what a slot that became memory gets is read', SPLIT, 'changed |= add(&from->read, all << c.from_at);', ''),
    ('what is new of a slot is new to the other side', SPLIT, 'to->round = from->round = round;', ''),
    ('what is only copied is copied', SPLIT, 's->carry = s->written & s->read & ~(s->starts | s->inner);', 's->carry = 0;'),
    ('what memory gives is there', SPLIT, 'd->written |= bytes_at((uint32_t)to.disp, (uint32_t)size);', ';'),
    ('what memory gets is read', SPLIT, 's->read |= bytes_at((uint32_t)from.disp, (uint32_t)size);', ';'),
    ('what a copy of a copy has was written', SPLIT,
     'changed |= add(&to->written, (from->written >> c.from_at & all) << c.to_at);', ''),
    ('what a copy of a copy reads is read', SPLIT,
     'changed |= add(&from->read, (to->read >> c.to_at & all) << c.from_at);', ''),
    # ---- what loads and copies become ----
    ('values are known in one block', FORWARD, 'if (r->known_block != r->g->current + 1) {', 'if (r->known_block == 0) {'),
    ('what is stored is known', FORWARD, '(kiln_value){v}, 0);\n  know(r, s, at, v);', '(kiln_value){v}, 0);'),
    ('a constant of another type has its bits', FORWARD, 'bits[0], bits[1]).id;\n  const', '0, 0).id;\n  const'),
    ('a value of another type is converted', FORWARD, '  if (from == to) return h;\n', '  return h;\n'),
    ('a narrower piece is extended', FORWARD, 'in->x & KILN_MEM_SEXT ? KILN_OP_SEXT : KILN_OP_ZEXT', 'KILN_OP_ZEXT'),
    ('a copy goes on where it was', FORWARD, 'uint32_t f = (uint32_t)from.disp + o;', 'uint32_t f = o;'),
    ('a copy from memory goes on where it was', FORWARD, '(uint32_t)from.disp + o; /*', '(uint32_t)from.disp; /*'),
    ('a copy to memory goes on where it was', FORWARD, '(uint32_t)to.disp + at - (uint32_t)from.disp;', '(uint32_t)to.disp;'),
    ('a store to what is read is built', FORWARD, 'if (has(s->read, o)) set(', 'if (0) set('),
    ('a fill repeats its byte', FORWARD, '(byte & 255) * UINT64_C(0x0101010101010101)', '(byte & 255)'),
    # ---- keeping and settling ----
    ('a slot that is stored twice is not stored once', SETTLE, 'entry && *promotable == ACCESS_NONE ? ACCESS_STORED : ACCESS_NOT;', 'ACCESS_STORED;'),
    ('a slot that is loaded before is not stored once', SETTLE, '  else if (*promotable == ACCESS_NONE) *promotable = ACCESS_NOT;\n', ''),
    ('a slot that is stored in another block is not stored once', SETTLE, 'entry && *promotable == ACCESS_NONE',
     '*promotable == ACCESS_NONE'),
    ('a slot whose address is known elsewhere is not stored once', SETTLE, 'return s->memory == 0 && s->uses', 'return s->uses'),
    ('a circle is not inlined', SETTLE, 'if (circle) at[i]->row = KN_INLINE_CYCLE;', ''),
    ('what another definition may replace is not inlined', SETTLE,
     '  if (is_replaced(f)) return KN_INLINE_REPLACED;\n', ''),
    ('what says never is not inlined', SETTLE, '  if (a->inlining == KILN_INLINE_NEVER) return KN_INLINE_NEVER;\n', ''),
    ('what is inlined into a callee counts', SETTLE, '    size += to->all_size;\n', ''),
    ('what is too large but for constants is asked at each call', CALL,
     '    else if (!kn_inline_has_constants(l->f, i, body, body->recursive ? NULL : l->map))\n      row = KN_INLINE_LARGE;\n', ''),
    ('a call with constants may close a circle', SETTLE, '!to->recursive || kn_inline_has_constants(body->f, call->inst, to, NULL) ? to',
     '!to->recursive || to->constants == 0 ? to'),
    ('constants of the caller do not count in a circle', CALL, 'body->recursive ? NULL : l->map', 'l->map'),
    ('the block that returns is the last one', KEEP, '  if (body->n_returns == 1) {\n', '  if (0) {\n'),
    # ---- which statements debuggers stop at ----
    ('a load that may fail is in the line of its statement', SHARE,
     'if (info->shape == KN_SH_LOAD) return kn_is_slot(in->a) && !(in->x & KILN_MEM_VOLATILE);', ''),
    ('what changes a variable is in the line of its statement', SHARE,
     'if ((info->effects & (KN_FX_KEPT | KN_FX_TRAP)) != 0', 'if ((info->effects & KN_FX_TRAP) != 0'),
    ('a variable is changed early only if nothing has been read of it', SHARE,
     '    if (has_slot(f, in, slot, written_slot(f, in) == slot)) return 0;\n', ''),
    ('a variable is not initialized where its life begins', SHARE,
     'if (in->op == KILN_OP_LIFE_START && slot_of(f, in->a) == slot) return k;', ''),
    ('a variable is changed early by its own statement alone', SHARE,
     '!kn_debug_in_line(w, loc_within(w, k, level), loc))', '0)'),
    ('what is stored counts from the next statement on', SHARE, 'if (next->offset > s->from.at) s->from', 'if (0) s->from'),
    ('a line that has code comes last', SHARE, 'is_repeated(w, run, k))', '0)'),
    ('rows move to the places of their statements', SHARE,
     '    if (next > run->from[k]) {\n', '    if (0) {\n'),
    ('no statement with code gives its address away', SHARE, 'run->own[k] = has_code(run, k);', 'run->own[k] = false;'),
    ('the outermost statements come first', SHARE, 'return depth_of(w, row);', 'return 0;'),
    ('a call whose body begins there comes last', SHARE, 'if (enters || is_called_by', 'if (is_called_by'),
    ('where two bodies begin, the outer call does not come last', SHARE,
     'depth_of(w, &rows[run->row[next]]) == depth_of(w, row) + 1;', '1;'),
    ("what is behind a call's body comes last", SHARE, ' || is_called_by(w, row - 1, row) ||', ' ||'),
    ('what follows counts where a branch does', SHARE, 'while (!more && run->places > 1', 'while (run->places > 1'),
    ('the first statement has its row', LINES, 'w->out->lines.n - d->lines.first > 2 || !adds;', 'w->out->lines.n - d->lines.first > 2;'),
    ('a return is behind the move of its result', DEBUGGER, ' && op != KILN_OP_RET', ''),
    ('code that is repeated has rows', LINES, 'out->lines.at[out->lines.n++] = row;\n    d->lines.loc', 'd->lines.loc'),
]


class Planted(Campaign):
    rows = [Row(*columns) for columns in MUTANTS]

    def __init__(self, args, work):
        super().__init__(args, work)
        self.units = self.unit_objects('inline', 'inline_made', 'debug_rows')
        throw = '-DKIR_THROW="%s"' % os.path.join(ROOT, 'tests/kir/kir_throw.c')
        self.kir = [self.object('tests/kir/%s.c' % n, '-D_GNU_SOURCE', throw) for n in ('kir_run', 'kir_driver', 'kir_interp')]
        self.beside = beside.Beside(self) if 'inlined' in args.by else None
        # Before the first run, which has a limit of CPU time.
        subprocess.run([os.path.join(ROOT, 'tests/kir/generated.sh'), os.path.join(ROOT, 'build/cache')], check=True,
                       stdout=subprocess.DEVNULL)

    def found_by(self, damaged, folder):
        by, limits = self.args.by, {'env': {**os.environ, 'KILN_TEST_FILES': ' '.join(FILES)}}
        if 'unit' in by and any(self.fails([self.link('unit', [unit, *damaged], '-lcmocka', folder=folder)], LIMIT, CPU_LIMIT, **limits)
                                for unit in self.units):
            return 'unit'
        if self.beside and self.beside.finds(damaged, folder):
            return 'inlined'
        if 'kir' in by:
            run = self.link('kir_run', [*self.kir, *damaged], folder=folder)
            words = ['bash', os.path.join(ROOT, 'tests/kir/kir.sh'), run, 'x86_64', '--inline', '--seeds=0']
            if self.fails(words, LIMIT, CPU_LIMIT, **limits):
                return 'kir'
        return None

    def without(self, rows):
        yield 'the tests pass', self.found_by([], self.work)

    def find(self, row, folder):
        by = self.found_by([self.object(row.file, folder=folder)], folder)
        if by is None:
            raise NotFound('the tests pass')
        return 'by ' + by
