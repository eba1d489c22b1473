"""Bugs of the allocator, each of which the allocation checker finds, without running code, in .kir files: rule, target, file,
text, what replaces it. Each makes the allocator do something wrong; a change that only makes the code slower does not
count. Rules are those of docs/internals/architecture.md and of the comments at the replaced text.

The file and what depends on it are compiled with checks and without optimization, and linked with allocator.c. All other
files are compiled first, or are those of the libraries of BUILD, a checking build with sanitizers."""
import concurrent.futures
import glob
import os
import random
import sys

from campaign import HERE, ROOT, Campaign, NotFound, Row

sys.path[:0] = [os.path.join(HERE, '../kir'), os.path.join(ROOT, 'bindings/python')]
from library import for_windows  # noqa: E402
import gen_renewed  # noqa: E402
import gen_repeated  # noqa: E402
import random_gen  # noqa: E402
import random_ir  # noqa: E402

X, A = 'x86_64', 'aarch64'
FOUND, SEEDS, MAIN = 3, 3, 'tests/mutants/allocator.c'
PLAN, WALK, WALK_H = 'lib/codegen/plan.c', 'lib/codegen/walk.c', 'lib/codegen/walk.h'
REGS, EDGE, PAIRS = 'lib/codegen/regs.c', 'lib/codegen/edge.c', 'lib/codegen/pairs.c'
EH, EH_TABLE = 'lib/codegen/eh.c', 'lib/codegen/eh_table.c'


def x(name):
    return 'targets/x86_64/' + name


def a(name):
    return 'targets/aarch64/' + name


MUTANTS = [
    # ---- what an instruction leaves to its reader ----
    ('a comparison stays in the flags if nobody else reads it', X, 'lib/codegen/fold.c',
     'return w->val[i].uses == 2 &&', 'return w->val[i].uses >= 2 &&'),
    ('a comparison waits if nobody else reads it', A, 'lib/codegen/fold.c',
     'if (w->val[i].uses != 1 ||', 'if (w->val[i].uses == 0 ||'),
    ('an extension of a comparison is not made if nobody else reads it', X, 'lib/codegen/fold.c',
     '|| w->val[i + 1].uses != 1 ||', '||'),
    ('the lower bits of a variable are an alias of it, those of another value are not', X,
     'targets/x86_64/compare.c',
     'kn_is_value(in->a) && (w->val[in->a].flags & KN_VF_ALIAS) != 0 &&', 'kn_is_value(in->a) &&'),
    # ---- plan: intervals, loops, homes ----
    ('a value is live to its last use', X, PLAN,
     '    r->last = p > r->last ? p : r->last;\n', ''),
    ('a variable is live from its first access', X, PLAN,
     '    r->first = p < r->first ? p : r->first;\n',
     '    if (r->first == UINT32_MAX) r->first = p + (p < f->order.n - 1);\n'),
    ('a value is live through loops that it is used in', X, PLAN,
     'r->last = l[outermost(plan, at, r->first) - 1].end;', '(void)outermost;'),
    ('a variable keeps its content round a loop: end', X, PLAN,
     '    if (at && l[at - 1].header > begin) r->last = l[outermost(plan, at, begin) - 1].end;\n', ''),
    ('a variable keeps its content round a loop: begin', X, PLAN,
     '    if (from && l[from - 1].header > begin) r->first = l[outermost(plan, from, begin) - 1].header;\n', ''),
    ('a variable of a body keeps its content round the loops of that', X, PLAN,
     'scope != 0 ? kn_plan_pos(plan, f->scopes.at[scope - 1].block) : 0;', 'scope != 0 ? plan->n_layout : 0;'),
    ('pieces of a slot whose address is needed are memory', X, 'ir/builder/build_slot.c',
     'for (uint32_t k = i + 1; k != 0; k = f->slots.at[k - 1].pieces) {',
     'for (uint32_t k = i + 1; k != 0; k = 0) {'),
    ('what is loaded keeps its stores', X, PLAN,
     '    r->loaded |= row->global & KN_ROW_LOAD;\n', ''),
    ('a piece in memory is where it is in its slot', A, 'lib/codegen/frame_alloc.c',
     '(w, s->parent - 1) + (int32_t)s->offset;', '(w, s->parent - 1);'),
    ('loops that overlap merge', X, PLAN,
     '      if (inner->end > end) end = inner->end;\n', ''),
    ('a loop ends with its last back edge', X, PLAN,
     'if (plan->loop_end[h - 1] < e) plan->loop_end[h - 1] = e;',
     'if (plan->loop_end[h - 1] == 0) plan->loop_end[h - 1] = e;'),
    ('an order of its own has back edges of its own', X, PLAN,
     '    } else if (pos != LEFT) {\n', '    } else if (pos < LEFT) {\n'),
    ('calls count to the interval\'s end', A, PLAN,
     'plan->at[r->last + 1].calls - plan->at[r->first].calls',
     'plan->at[r->last].calls - plan->at[r->first].calls'),
    ('a register is home of one at a time', X, PLAN,
     '  s->free &= ~KN_BIT(reg);\n', ''),
    ('a home ends with its interval, not before', X, PLAN,
     '    s.free |= ended;\n', '    s.free |= at[p].expire;\n'),
    ('who is displaced loses its register', X, PLAN,
     '  loser->reg = KN_NO_REG;\n', ''),
    ('a displaced interval frees nothing when it ends', X, PLAN,
     '  plan->at[loser->last].expire &= ~KN_BIT(best);\n', ''),
    ('callee-saved homes are saved', X, PLAN,
     '  plan->saved |= KN_BIT(reg) & plan->target->callee_homes;\n', ''),
    ('homes from the entry on are no argument registers', X, PLAN,
     '    caller &= ~s->entry_avoid;\n', ''),
    ('what escapes is no variable', X, PLAN,
     'r->bank = plan->slots.at[slot].memory ? KN_NO_BANK : plan->banks[slots[slot].type];',
     'r->bank = plan->banks[slots[slot].type];'),
    ('no homes where setjmp returns twice', X, PLAN,
     'bool homes = !plan->frame.homeless && f->globals.n != 0;', 'bool homes = f->globals.n != 0;'),
    ('loops extend intervals here too', A, PLAN,
     'r->last = l[outermost(plan, at, r->first) - 1].end;', '(void)outermost;'),
    ('homes over calls are callee-saved here too', A, PLAN,
     'else caller &= r->weight', 'else if (0) caller &= r->weight'),

    # ---- vectors of 128 bits ----
    ('they have no home in a register of which calls preserve one half', A, PLAN,
     'facts->cut ? KN_CUT_BANK : facts->regs', 'facts->regs'),
    ('they have 16 bytes of the frame', A, WALK_H,
     'return kn_type(w, type)->bytes == 16;', 'return kn_type(w, type)->in_frame;'),
    ('they have 16 bytes of the frame here too', X, WALK_H,
     'KN_INLINE bool kn_spills_16(const struct kn_walk *w, unsigned type) {\n'
     '  return kn_type(w, type)->bytes == 16;',
     'KN_INLINE bool kn_spills_16(const struct kn_walk *w, unsigned type) {\n'
     '  return kn_type(w, type)->in_frame;'),
    ('a shift changes a copy', X, x('vector.c'),
     'unsigned t = temp(w), group =', 'unsigned t = a, group ='),
    ('a selection changes a copy', X, x('vector.c'),
     't = temp(w);\n  copy(w, t, b);', 't = c;\n  copy(w, t, b);'),
    # ---- walk: blocks, frame ----
    ('copies do not outlive a merge', X, WALK,
     '(block->n_preds == 1) &', ''),
    ('registers of homes are nobody else\'s', X, WALK,
     'w->regs.function_regs & ~occupied;', 'w->regs.function_regs;'),
    ('callee-saved registers that are not saved are not used', X, WALK,
     '(t->callee_homes & plan->saved)', 't->callee_homes'),
    ('a merge ends what is known of variables in memory', X, WALK,
     '  w->regs.epoch += !keep;', '  '),
    ('parts of the frame do not overlap', X, 'lib/codegen/frame_alloc.c',
     'f->low = (f->low - (int32_t)size) & ~mask;',
     'f->low = (f->low - (int32_t)size / 2) & ~mask;'),
    ('parts of the frame do not overlap here either', A, 'lib/codegen/frame_alloc.c',
     'f->low = at + (int32_t)size;', 'f->low = at + (int32_t)size / 2;'),
    ('bodies that run in each other share no memory', X, 'lib/codegen/frame_plan.c',
     'up->offset + up->size_bytes + 15)', 'up->offset + 15)'),
    ('a body is within the one that calls it', A, 'ir/inline/inline_call.c',
     '.parent = built_scope(r, l->up),', ''),
    ('parameters are found by number', X, EDGE,
     'KN_LIKELY(b->contiguous) ? b->param_first + i :',
     'KN_LIKELY(b->contiguous) ? b->param_first :'),

    # ---- walk: the fast paths ----
    ('a value\'s register is free after its last use', X, WALK_H,
     'if (--v->uses == 0) {', 'if (--v->uses <= 1) {'),
    ('operands are locked', X, WALK_H,
     '    if (KN_LIKELY(r != KN_NO_REG)) {\n      w->regs.locked |= KN_BIT(r);',
     '    if (KN_LIKELY(r != KN_NO_REG)) {'),
    ('temporary registers are locked', X, WALK_H,
     '  w->regs.temp |= KN_BIT(r);\n  w->regs.locked |= KN_BIT(r);\n  return r;',
     '  w->regs.free |= KN_BIT(r);\n  return r;'),
    ('a result\'s register is its own', X, WALK_H,
     '  w->regs.owner[r] = i;\n  if (KN_LIKELY((v->flags', '  if (KN_LIKELY((v->flags'),
    ('a result\'s register is not free', X, WALK_H,
     '-(uint64_t)(pick == 0)));\n    w->regs.free ^= KN_BIT(r);',
     '-(uint64_t)(pick == 0)));'),
    ('a result in a variable\'s home: aliases leave first', X, REGS,
     '    if (KN_UNLIKELY(w->regs.aliased & KN_BIT(r))) kn_copy_aliases(w, r);\n    v->flags',
     '    v->flags'),
    ('only what is stored next is computed in a variable\'s home', X, 'ir/builder/build.c',
     'if (v == f->n - 1) f->val[v].hint', 'if (v < f->n) f->val[v].hint'),
    ('what is used again is not computed in a variable\'s home', X, REGS,
     'unsigned r = w->val[i].uses == 1 && kn_is_slot(to) ?', 'unsigned r = kn_is_slot(to) ?'),
    ('a slot home is stored behind its definition', X, WALK_H,
     '    w->hooks->store(w, r, kn_frame_of(w, v), v->type);\n'
     '    KN_LOG(w, KN_EV_MOVE, r, KN_PLACE_FRAME + v->frame);\n', '    kn_frame_of(w, v);\n'),
    ('a claimed register holds no copy', X, WALK_H,
     '    w->regs.free ^= KN_BIT(r);\n    w->regs.owner[r] = 0;\n    w->regs.cached',
     '    w->regs.free ^= KN_BIT(r);\n    w->regs.cached'),
    ('copies of variables in memory end with an epoch', X, WALK_H,
     '(s->epoch == w->regs.epoch) & ', ''),
    ('a copy of a variable is in its register still', X, WALK_H,
     ' & (w->regs.owner[reg] == v) &\n              (w->regs.block_regs >> reg & 1);', ';'),
    ('slots of operands are not given out in their instruction', X, WALK_H,
     'w->frame.spare_inst == w->i ? w->frame.spare_ready : w->frame.spare.n', 'w->frame.spare.n'),
    ('operands are locked here too', A, WALK_H,
     '    if (KN_LIKELY(r != KN_NO_REG)) {\n      w->regs.locked |= KN_BIT(r);',
     '    if (KN_LIKELY(r != KN_NO_REG)) {'),

    # ---- walk: evict, reload, calls ----
    ('homes that a call clobbers are kept', X, REGS,
     '  if (KN_UNLIKELY(w->regs.kept != 0)) keep_homes(w);\n', ''),
    ('and reloaded', X, WALK_H,
     '  if (KN_UNLIKELY(w->regs.kept != 0)) kn_reload_homes(w);\n', ''),
    ('each to where it is kept', X, REGS,
     '    if ((w->regs.kept_homes & KN_BIT(r)) == 0) w->regs.kept_at[r] = kn_frame_alloc(w, 8, 3);\n',
     '    if (w->regs.kept_homes == 0) w->regs.kept_at[r] = kn_frame_alloc(w, 8, 3);\n'
     '    else w->regs.kept_at[r] = w->regs.kept_at[__builtin_ctzll(w->regs.kept_homes)];\n'),
    ('homes are kept in each block with calls', X, 'lib/codegen/walk.c',
     '  w->regs.kept = occupied & t->around_calls;',
     '  w->regs.kept = pos & 1 ? occupied & t->around_calls : 0;'),
    ('a parameter that is read again keeps its register', X, 'lib/codegen/walk.c',
     '.value != i || p->uses != own', '.value != i || own > 2'),
    ('a parameter\'s register is its own at the loop\'s end', X, 'lib/codegen/walk.c',
     'if (w->plan->ranges.at[p->global - 1].last >= kn_plan_pos(w->plan, w->block)) return p->reg;',
     'return p->reg;'),
    ('a spill stores', X, REGS,
     '  if ((v->flags & KN_VF_FRAME) == 0) {\n    w->hooks->store',
     '  if (v->uses == 77) {\n    w->hooks->store'),
    ('a spilled value is in its slot', X, REGS,
     '    v->flags |= KN_VF_FRAME;\n    KN_LOG', '    KN_LOG'),
    ('a spilled value has no register', X, REGS,
     '  v->reg = KN_NO_REG;\n}', '}'),
    ('operands are not evicted', X, REGS,
     'w->regs.block_regs & allowed & ~w->regs.free & ~w->regs.locked & ~w->regs.temp',
     'w->regs.block_regs & allowed & ~w->regs.free & ~w->regs.temp'),
    ('free registers of operands are not given out', X, REGS,
     '  uint64_t can = w->regs.free & allowed & ~w->regs.locked;\n  if (w->regs.stress',
     '  uint64_t can = w->regs.free & allowed;\n  if (w->regs.stress'),
    ('an evicted register is taken', X, REGS,
     '  w->regs.free &= ~KN_BIT(r);\n  w->regs.cached &= ~KN_BIT(r);', '  w->regs.cached &= ~KN_BIT(r);'),
    ('a copy of a slot home is one only with its owner', X, WALK_H,
     '(w->regs.cached & KN_BIT(r)) && w->regs.owner[r] == h;', '(w->regs.cached & KN_BIT(r));'),
    ('a waiting address is computed before its operands go', X, REGS,
     '    if (v->flags & KN_VF_ADDR) w->hooks->address(w, r, h);\n    else w->hooks->deferred(w, r, h);',
     '    if (!(v->flags & KN_VF_ADDR)) w->hooks->deferred(w, r, h);'),
    ('a reloaded value owns its register', X, REGS,
     '  if (home == KN_NO_REG) w->regs.owner[r] = h;\n  return r;',
     '  return r;'),
    ('aliases move out of the way of operands', X, REGS,
     'unsigned r = kn_take(w, kn_regs_of(w, v->type) & ~w->regs.locked);',
     'unsigned r = kn_take(w, kn_regs_of(w, v->type));'),
    ('aliases move out of the way of a result that has arrived', X, REGS,
     '  w->regs.locked |= KN_BIT(reg);\n  KN_LOG(w, KN_EV_DEF, i, reg);', '  KN_LOG(w, KN_EV_DEF, i, reg);'),
    ('all aliases move, not the newest only', X, REGS,
     '    a = older;', '    a = 0;'),
    ('an alias that moved is none any more', X, REGS,
     '      v->reg = (uint8_t)r; /* not locked', '      ; /* not locked'),
    ('who is in a claimed register moves', X, REGS,
     '  v->reg = (uint8_t)to;\n', ''),
    ('who leaves a claimed register takes no operand\'s', X, REGS,
     'w->regs.free & kn_regs_of(w, v->type) & ~w->regs.cached & ~w->regs.locked;\n  w->regs.owner[r] = 0;',
     'kn_regs_of(w, v->type) & w->regs.block_regs & ~KN_BIT(r);\n  w->regs.owner[r] = 0;'),
    ('an operand is not computed where another one is read', X, REGS,
     '  if (home != KN_NO_REG && (w->regs.locked & KN_BIT(home))) home = KN_NO_REG;\n', ''),
    ('what lives over a call is saved', X, REGS,
     'for (uint64_t m = live; m; m &= m - 1) spill(w, (unsigned)__builtin_ctzll(m));',
     'for (uint64_t m = live & (live - 1); m; m &= m - 1) spill(w, (unsigned)__builtin_ctzll(m));'),
    ('a call ends copies of slot homes', X, WALK_H,
     '  w->regs.cached &= ~clobbered;\n', ''),
    ('a call ends copies of variables', X, WALK_H,
     '  w->regs.cached &= ~clobbered;\n  w->regs.epoch++;', '  w->regs.cached &= ~clobbered;'),
    ('slots are not used again where setjmp returns twice', X, REGS,
     ' && !w->plan->frame.homeless) {', ') {'),

    # ---- moves ----
    ('a source is a copy only while that is one', X, WALK_H,
     'r != KN_NO_REG && (w->regs.cached & KN_BIT(r)) && w->regs.owner[r] == h;',
     'r != KN_NO_REG && w->regs.owner[r] == h;'),
    ('moves that meet are ordered', X, EDGE,
     'if (KN_LIKELY((written & read) == 0)) {', 'if (true) {'),
    ('constants and loads come last', X, EDGE,
     '    } else if (m->src == KN_NO_REG) {\n      later = true;',
     '    } else if (m->src == KN_NO_REG) {\n      if (m->src_handle) w->hooks->constant(w, '
     'm->dst, m->src_handle, m->type);\n'
     '      else w->hooks->load(w, m->dst, m->src_frame, m->type);\n'
     '      if (m->src_handle) KN_WROTE(w, KN_EV_CONST, m->src_handle, m->dst);\n'
     '      else KN_WROTE(w, KN_EV_MOVE, (uint32_t)(KN_PLACE_FRAME + m->src_frame), m->dst);'),
    ('a cycle goes through the scratch register', X, 'lib/codegen/moves.c',
     '          src[j] = (uint8_t)t;\n', ''),
    ('a register is read by all before it is written', X, 'lib/codegen/moves.c',
     '--readers[s] == 0', '--readers[s] < 9'),
    ('a cycle goes through the scratch register here too', A, 'lib/codegen/moves.c',
     '          src[j] = (uint8_t)t;\n', ''),
    ('parameters of address-taken blocks go to their shadows', X, EDGE,
     'm->dst_frame = shadow(w, param);', 'm->dst_frame = (shadow(w, param), kn_frame_of(w, v));'),
    ('a parameter in memory that the edge writes is copied away', X, EDGE,
     'from == NULL ? !copy_away(w, &m) :', 'from == NULL ? false :'),
    ('arguments are computed before the paths part', X, EDGE,
     'if (kn_is_value(h) && (w->val[h].flags & (KN_VF_ADDR | KN_VF_WAITS))) {\n      if (!kn_code',
     'if (false) {\n      if (!kn_code'),
    ('an edge writes its target\'s parameters', X, EDGE,
     'return pass == 0 || KN_PUSH(w->owner, w->moves, m);', 'return true;'),

    # ---- x86-64 ----
    ('a store moves aliases away', X, REGS,
     '      if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);\n      w->hooks->move',
     '      w->hooks->move'),
    ('a store of an address moves aliases away', X, REGS,
     '    if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);\n    w->hooks->address',
     '    w->hooks->address'),
    ('a store of a constant moves aliases away', X, REGS,
     '    if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);\n    w->hooks->constant',
     '    w->hooks->constant'),
    ('aliases are known', X, WALK_H, '  w->regs.aliased |= KN_BIT(home);\n', ''),
    ('aliases are chained', X, WALK_H,
     'v->older = w->regs.alias[home] & -(uint32_t)(w->regs.aliased >> home & 1);', 'v->older = 0;'),
    ('a store ends the copy of a variable', X, x('memory.c'),
     '    state->value = 0;\n', ''),
    ('what escapes has no copies', X, x('memory.c'),
     '  if (!s->memory) kn_slot_note', '  kn_slot_note'),
    ('loads that are used twice are not folded', X, x('memory.c'),
     '(v->uses == 1) & (v->flags == 0)', '(v->flags == 0)'),
    ('addresses that live on do not wait', X, x('memory.c'),
     'if (simple && v->flags == 0 && state < 8 &&', 'if (simple && state < 8 &&'),
    ('before a call what lives is saved', X, x('call.c'),
     '  kn_save_live(w, conv->lost);\n  kn_move_few(w, &a, total);',
     '  kn_move_few(w, &a, total);'),
    ('a few moves from the frame', X, EDGE,
     '      m->frame[k] = one.src_frame;', '      m->frame[k] = one.src_frame - 8;'),
    ('a few moves: parameters in memory take the other way', X, EDGE,
     'if ((pv->flags & KN_VF_HOME) == 0 || n == KN_FEW_MOVES)', 'if (n == KN_FEW_MOVES)'),
    ('a few moves that meet are ordered', X, EDGE,
     '  m->crossing = (read & written) != 0;', '  m->crossing = false;'),
    ('what a call does not clobber is not all', X, x('x64.h'),
     'KN_BIT(X64_R8) | KN_BIT(X64_R9) | KN_BIT(X64_R10) | KN_BIT(X64_R11))',
     'KN_BIT(X64_R8) | KN_BIT(X64_R9) | KN_BIT(X64_R11))'),
    ('arguments stay until they are moved', X, REGS,
     '      w->regs.free &= ~KN_BIT(reg);\n      return;', '      return;'),
    ('shift counts claim rcx', X, x('int.c'),
     '  kn_claim(w, X64_RCX);\n  struct x64_operand o;\n  x64_operand(w, h, type, &o);',
     '  struct x64_operand o;\n  x64_operand(w, h, type, &o);'),
    ('divisions claim rdx', X, x('int.c'), '  kn_claim(w, X64_RDX);\n', ''),
    ('divisions claim rax', X, x('int.c'), '  else kn_claim(w, X64_RAX);\n', ''),
    ('a dividend that lives on is not overwritten', X, x('int.c'),
     'w->val[a].reg == X64_RAX && w->val[a].uses == 1 &&', 'w->val[a].reg == X64_RAX &&'),
    ('a comparison is in the flags for one user', X, x('compare.c'),
     'if (w->val[i].uses == 1 && next->a == i &&', 'if (next->a == i &&'),
    ('a pinned register is no home', X, PLAN, '~(f->facts.asm_regs | plan->frame.pinned)', '~f->facts.asm_regs'),
    ('results in fixed registers keep them', X, REGS,
     '  w->regs.free &= ~KN_BIT(reg);\n  w->regs.temp &= ~KN_BIT(reg);', '  w->regs.temp &= ~KN_BIT(reg);'),
    ('comparing and swapping claims rax', X, x('atomic.c'),
     '  kn_claim(w, X64_RAX);\n  unsigned desired', '  unsigned desired'),
    ('a waiting sum of two operands has one index', X, x('hooks.c'),
     '        index = kn_reg(w, by, KILN_TYPE_I64);\n', '        index = X64_RAX;\n'),

    # ---- AArch64 ----
    ('a store moves aliases away', A, REGS,
     '      if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);\n      w->hooks->move',
     '      w->hooks->move'),
    ('aliases are known', A, WALK_H, '  w->regs.aliased |= KN_BIT(home);\n', ''),
    ('before a call what lives is saved', A, a('call.c'),
     '  kn_take_moves(w, &m, total);\n  if (!c->tail) kn_save_live(w, sig->conv->lost);\n',
     '  kn_take_moves(w, &m, total);\n'),
    ('no alias makes way into a result\'s register', A, REGS,
     '  w->regs.locked |= KN_BIT(reg); /* an alias that has to move may not take it */\n', ''),
    ('addresses that live on do not wait', A, a('memory.c'),
     'if ((val->flags & (KN_VF_HOME | KN_VF_SLOT_HOME)) == 0 && !chained &&', 'if (!chained &&'),
    ('arguments stay until they are moved', A, REGS,
     '      kn_own(w, i, reg);\n      w->regs.free &= ~KN_BIT(reg);', '      kn_own(w, i, reg);'),
    ('what is read again does not wait', A, a('fold.c'),
     'w->val[i].uses == 1 && w->val[i].flags == 0', 'w->val[i].uses != 0 && w->val[i].flags == 0'),
    ('the factors of a sum\'s product are read before one is dropped', A, a('fold.c'),
     '  if (!extends && !shifts) c = kn_reg(w, part->b, in->type);\n  kn_drop(w, in->a);',
     '  kn_drop(w, in->a);\n  if (!extends && !shifts) c = kn_reg(w, part->b, in->type);'),
    ('a sum reads what it shifts or extends itself', A, a('fold.c'),
     'b = kn_reg(w, part->a, extends ? part->x : in->type);',
     'b = kn_reg(w, other, in->type);'),
    ('a bit field\'s operand is brought to a register', A, a('fold.c'),
     'unsigned a = kn_reg(w, first->a, first->type);',
     'unsigned a = w->val[kn_is_value(first->a) ? first->a : 0].reg;'),
    ('a test of bits reads its mask', A, a('compare.c'),
     'if (!a64_const(w, mask->b, in->type, &set)) k.b = kn_reg(w, mask->b, in->type);',
     'a64_const(w, mask->b, in->type, &set);'),
    ('what waits gives its operand back once', A, REGS,
     '    kn_drop_operands(w, &w->inst[h]);\n    return;',
     '    kn_drop_operands(w, &w->inst[h]);\n    kn_drop(w, w->inst[h].a);\n    return;'),
    ('joined comparisons are read by nobody else', A, a('compare.c'),
     'val->uses == 1 &&\n         val->flags == 0;', 'val->flags == 0;'),
    ('comparisons that are used twice are not fused', A, a('compare.c'),
     '         val->uses == 1 && (val->flags', '         (val->flags'),

    # ---- i128: two values ----
    ('an upper half is read as often as the i128', X, PAIRS,
     'f->val[i].uses = f->val[i - 1].uses;', 'f->val[i].uses = 1;'),
    ('the half that nobody reads ends', X, PAIRS, '  f->val[unread].uses = 1;\n', ''),
    ('an edge moves the upper half', X, 'lib/codegen/edge.c',
     'if (pairs && kn_is_pair(f, param) &&', 'if (0 &&'),
    ('the halves of an argument are dropped', X, WALK_H,
     '    kn_drop(w, kn_half(w->f, h, 1));', '    kn_drop(w, h);'),
    ('the halves of a result are in their own registers', X, 'lib/codegen/call.c',
     'a->h = value != 0 ? value + a->upper : 0;', 'a->h = value;'),
    ('the factors of a mixed product are not where the product is', X, 'targets/x86_64/pair.c',
     'KN_GP_MASK & ~(KN_BIT(X64_RAX) | KN_BIT(X64_RDX))', 'KN_GP_MASK'),
    ('a half is overwritten if nobody reads it again', X, 'targets/x86_64/pair.c',
     'if (is_read_last(w, h, reads)) {', 'if (kn_is_value(h) && w->val[h].reg != KN_NO_REG) {'),

    # ---- exceptions: stubs, tables ----
    ('a stub reloads homes that the call clobbered', X, EH,
     'if (KN_UNLIKELY(w->regs.kept != 0)) reload_homes(w, e);', '(void)reload_homes;'),
    ('a stub reads reloaded homes where they are kept', X, EH,
     '    m->src_frame = w->regs.kept_at[m->src];\n    m->src = KN_NO_REG;\n', ''),
    ('homes that the pad\'s block has are reloaded', X, EH,
     'kept &= w->plan->occupied[kn_plan_pos(w->plan, e->target)];', 'kept = 0;'),
    ('a home that the edge writes is not reloaded', X, EH,
     '    if (is_home(w, r, 0)) continue;\n', ''),
    ('the exception is read before it is overwritten', X, EH,
     '    kn_run_moves(w);\n    kn_edge_log(w, e);\n    w->target->jump',
     '    for (uint32_t i = 0; i < w->moves.n; i++)\n      if (w->moves.at[i].dst < 64 && w->moves.at[i].src < 64) {\n'
     '        w->hooks->move(w, w->target->exception[0], w->target->exception[1], KILN_TYPE_I64);\n'
     '        KN_WROTE(w, KN_EV_MOVE, w->target->exception[1], w->target->exception[0]);\n        break;\n      }\n'
     '    kn_run_moves(w);\n    kn_edge_log(w, e);\n    w->target->jump'),
    ('the exception is where the unwinder puts it', A, EH,
     '{{[0] = w->target->exception[0], [2] = w->target->exception[1]}, {0}}',
     '{{[0] = w->target->exception[1], [2] = w->target->exception[0]}, {0}}'),
    ('stubs are shared if their moves are the same', X, EH,
     'same_moves(eh->moves.at + s->first, w->moves.at, n)', 'same_moves(w->moves.at, w->moves.at, n)'),
    ('a pad is its block only if nothing is to be moved', X, EH,
     'if (bare && n == 0 && !kn_moves_stack(w->call_stack) && e->target != 0)', 'if (!kn_moves_stack(w->call_stack) && e->target != 0)'),
    ('arguments that a try\'s edge overwrites are copied away', X, EDGE,
     'if (h != param && is_overwritten(w, e, h, &m, pairs)) {', 'if (h != param && from == NULL && is_overwritten(w, e, h, &m, pairs)) {'),
    ('arguments of a try\'s edges are computed before the call', X, EH,
     '  kn_edge_prepare(w, &e[1]);\n', ''),
    ('log: UNWIND', X, EH,
     '    KN_LOG(w, KN_EV_UNWIND, (uint32_t)(e - w->f->edges.at), call->pad);\n', ''),
    ('a call site covers its call', X, EH,
     '.end = kn_code_mark(w, kn_here(w))}', '.end = kn_code_mark(w, kn_here(w) - 1)}'),
    ('a call site covers its call here too', A, EH,
     '.end = kn_code_mark(w, kn_here(w))}', '.end = kn_code_mark(w, start)}'),
    ('call sites with pads of their own stay apart', X, EH,
     'last->pad != before->pad || ', ''),
    ('call sites with actions of their own stay apart', X, EH,
     ' || last->action != before->action', ''),
    ('calls that must not unwind have no call site of their own', X, EH,
     '(in->op == KILN_OP_CALL && kn_call_unwinds(w->f, in));', 'in->op == KILN_OP_CALL;'),
    ('calls that may unwind without a pad have a call site', X, EH,
     '(in->op == KILN_OP_CALL && kn_call_unwinds(w->f, in));', 'false;'),
    ('values are saved before builtin_setjmp', X, x('control.c'),
     'buffer_to(w, in, lost)', 'buffer_to(w, in, 0)'),
    ('values are saved before builtin_setjmp here too', A, a('call.c'),
     'buffer_to_x0(w, in->a, ~UINT64_C(0));', 'buffer_to_x0(w, in->a, 0);'),
    ('chains of actions keep the order of clauses', X, EH_TABLE,
     'for (uint32_t k = n; k-- > 0 && f->status == KILN_OK;)',
     'for (uint32_t k = 0; k < n && f->status == KILN_OK; k++)'),
    ('actions are shared if what follows is the same', X, EH_TABLE,
     'if (was->value == value && was->next == next)', 'if (was->value == value)'),
    ('a filter is the list of its types', X, EH_TABLE, '  return -(int32_t)was - 1;', '  return -1;'),

    # ---- the IR ----
    ('nothing writes to the IR', X, REGS, '  KN_WROTE(w, KN_EV_STORE, kn_index(in->a), home);\n}',
     '  KN_WROTE(w, KN_EV_STORE, kn_index(in->a), home);\n  w->f->slots.at[kn_index(in->a)].uses++;\n}'),
    # ---- the log itself: what is not logged is not believed ----
    ('log: USE', X, WALK_H, '      w->regs.locked |= KN_BIT(r);\n      KN_LOG(w, KN_EV_USE, h, r);\n '
     '     return r;',
     '      w->regs.locked |= KN_BIT(r);\n      return r;'),
    ('log: DEF', X, WALK_H, '  kn_lock(w, r);\n  KN_WROTE(w, KN_EV_DEF, i, r);\n  return r;',
     '  kn_lock(w, r);\n  return r;'),
    ('log: MOVE', X, EDGE, '      KN_WROTE(w, KN_EV_MOVE, reg[i].src, reg[i].dst);\n', ''),
    ('log: CONST', X, EDGE, 'if (m->src_handle) KN_WROTE(w, KN_EV_CONST, m->src_handle, '
     'm->dst);\n      else ', 'if (!m->src_handle) '),
    ('log: ALIAS', X, WALK_H, '  KN_LOG(w, KN_EV_ALIAS, i, home);\n', ''),
    ('log: STORE', X, REGS, '  KN_WROTE(w, KN_EV_STORE, kn_index(in->a), home);\n}', '}'),
    ('log: EDGE', X, EDGE, '  KN_LOG(w, KN_EV_EDGE, (uint32_t)(e - w->f->edges.at), 0);\n', ''),
    ('log: BLOCK', X, WALK, '  KN_LOG(w, KN_EV_BLOCK, b, 0);\n', ''),
    ('log: INST', X, WALK, '    KN_LOG(w, KN_EV_INST, i, 0);\n', ''),
    ('log: TEMP', X, WALK_H, '  KN_WROTE(w, KN_EV_TEMP, 0, r);\n  w->regs.temp |= KN_BIT(r);\n  '
     'w->regs.locked |= KN_BIT(r);\n}', '  w->regs.temp |= KN_BIT(r);\n  w->regs.locked |= KN_BIT(r);\n}'),
    ('log: LOST', X, 'lib/codegen/call_emit.h', '  KN_WROTE_SET(w, KN_EV_LOST, lost);\n', ''),
    ('log: DONE', X, WALK_H, '  KN_LOG_SET(w, KN_EV_DONE, w->regs.locked & ~kept);\n', ''),
    # ---- registers that are written: what the mask lacks is found ----
    ('written: DEF', X, WALK_H, '  kn_lock(w, r);\n  KN_WROTE(w, KN_EV_DEF, i, r);\n  return r;',
     '  kn_lock(w, r);\n  KN_LOG(w, KN_EV_DEF, i, r);\n  return r;'),
    ('written: a value computed in its home', X, WALK_H, '    KN_WROTE(w, KN_EV_DEF, i, v->reg);\n    return',
     '    KN_LOG(w, KN_EV_DEF, i, v->reg);\n    return'),
    ('written: MOVE', X, EDGE, 'KN_WROTE(w, KN_EV_MOVE, reg[i].src, reg[i].dst);',
     'KN_LOG(w, KN_EV_MOVE, reg[i].src, reg[i].dst);'),
    ('written: CONST', X, EDGE, 'KN_WROTE(w, KN_EV_CONST, m->h[k], m->dst[k]);',
     'KN_LOG(w, KN_EV_CONST, m->h[k], m->dst[k]);'),
    ('written: STORE', X, REGS, '  KN_WROTE(w, KN_EV_STORE, kn_index(in->a), home);',
     '  KN_LOG(w, KN_EV_STORE, kn_index(in->a), home);'),
    ('written: CLOBBER', X, WALK_H, '  KN_WROTE(w, KN_EV_CLOBBER, 0, r);', '  KN_LOG(w, KN_EV_CLOBBER, 0, r);'),
    ('written: TEMP', X, WALK_H, '    kn_claim_slow(w, r);\n  }\n  KN_WROTE(w, KN_EV_TEMP, 0, r);',
     '    kn_claim_slow(w, r);\n  }\n  KN_LOG(w, KN_EV_TEMP, 0, r);'),
    ('written: LOST', X, 'lib/codegen/call_emit.h', 'KN_WROTE_SET(w, KN_EV_LOST, lost);',
     'KN_LOG_SET(w, KN_EV_LOST, lost);'),
]


def inputs(work):
    """The .kir files, those that are generated for one operation after the other, and some random functions: by target."""
    files = sorted(glob.glob(os.path.join(HERE, '*.kir')) + glob.glob(os.path.join(ROOT, 'tests/kir', '*.kir')))
    files = [f for f in files if not f.endswith('errors.kir')]
    generated = os.path.join(work, 'generated')
    os.makedirs(generated)
    for make in gen_renewed.gen_renewed, gen_renewed.gen_walking, gen_repeated.gen_atomics, gen_repeated.gen_conditions:
        make(random.Random(1)).write(generated)
    files += sorted(glob.glob(os.path.join(generated, '*.kir')))
    found = {}
    for target in X, A:
        path = os.path.join(work, 'random-%s.kir' % target)
        with open(path, 'w') as f:
            programs = [random_gen.make(seed, target, 1) for seed in range(1, 25)]
            f.writelines('\n'.join(random_ir.program_text(p)) + '\n' for p in programs if p.vectors)
        found[target] = files + [path]
    return found


class Planted(Campaign):
    rows = [Row('%s: %s' % (target, rule), file, old, new, target) for rule, target, file, old, new in MUTANTS]
    cc, flags, jobs = 'clang-22', ['-std=gnu11', '-O0', '-w', '-DKN_CHECKS'], 2  # clang is faster at -O0

    def __init__(self, args, work):
        super().__init__(args, work)
        if self.build:
            self.sanitizers = ['-fsanitize=address,undefined', '-fuse-ld=lld']
        else:
            self.libraries = ()
        self.sources = sorted(os.path.relpath(p, ROOT) for d in ('base', 'ir', 'lib', 'runtime', 'targets')
                              for p in glob.glob(os.path.join(ROOT, d, '**/*.c'), recursive=True) if not for_windows(p))
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            sources = [MAIN] + ([] if self.build else self.sources)
            self.objects = dict(zip(sources, pool.map(self.object, sources)))
        self.files = inputs(work)

    def users(self, row):
        """The sources to compile again, in lists, of which the next one is for what was not found with the one before: a
        header's inline functions are called by lib/ and by the targets, one target is enough, and mostly three of its
        files are."""
        if row.file.endswith('.c'):
            return [[row.file]]
        own = [s for s in self.sources if s.startswith(('lib/', 'targets/%s/' % row.how))]
        few = [s for s in own if os.path.basename(s) in ('call.c', 'int.c', 'memory.c', 'regs.c')]
        return [few, own] if few else [own]

    def finding(self, target, objects, folder=None):
        """Status and what was found by the checker that is linked with `objects`, which replace those of their sources."""
        program = self.link('allocator', {**self.objects, **objects}.values(), folder=folder)
        out, status = self.run([program, target, str(SEEDS), *self.files[target]], 120)
        return status, out.strip().split('\n')[0]

    def without(self, rows):
        for target in X, A:
            status, text = self.finding(target, {})
            yield 'nothing is found for ' + target, status != 0 and 'status %s: %s' % (status, text)

    def find(self, row, folder):
        objects, status = {}, None
        for sources in self.users(row):
            objects.update((s, self.object(s, folder=folder)) for s in sources if s not in objects)
            status, text = self.finding(row.how, objects, folder)
            if status == FOUND:
                return text
        raise NotFound('status %s: %s' % (status, text))
