"""The bugs that ./dev prove --planted plants: what is wrong, target, file, text, what replaces it, and the text in the
names of the rows of which one must fail. Each makes wrong code; none is found by the checker of places alone, for that
proves where values are, and not what is computed."""

X, A = 'x86_64', 'aarch64'
FUNCTION = 'functions.kir'  # instead of a text: a function of it must fail


def x(name):
    return 'targets/x86_64/' + name


def a(name):
    return 'targets/aarch64/' + name


PLANTED = [
    # ---- x86-64: extensions ----
    ('a sign extension of a loaded value extends with zeros', X, x('compare.c'),
     'unsigned op = from == KILN_TYPE_I8    ? (sign ? X64_MOVSX8 : X64_MOVZX8)',
     'unsigned op = from == KILN_TYPE_I8    ? X64_MOVZX8', 'sext.'),
    ('an extension of a loaded i16 reads a byte', X, x('compare.c'),
     '(sign ? X64_MOVSX16 : X64_MOVZX16)', '(sign ? X64_MOVSX8 : X64_MOVZX16)', 'sext.'),
    ('bits above are known to be zero of a sign extension, too', X, x('compare.c'),
     '  else x64_extend(w, dst, ra, from, sign, in->type == KILN_TYPE_I64);\n  if (!sign) w->val[i].flags |= KN_VF_ZX;',
     '  else x64_extend(w, dst, ra, from, sign, in->type == KILN_TYPE_I64);\n  w->val[i].flags |= KN_VF_ZX;', 'pair.i16 sext'),
    ('a narrow shift right does not extend', X, x('int.c'),
     'bool extend = group != X64_G_SHL && x64_size(type) < 2;', 'bool extend = group == X64_G_SAR && x64_size(type) < 2;', 'lshr.i8'),
    ('the dividend of a narrow division is extended with zeros', X, x('int.c'),
     'if (x64_size(type) < 2) x64_extend(w, X64_RAX, ra, type, sign, false);',
     'if (x64_size(type) < 2) x64_extend(w, X64_RAX, ra, type, false, false);', 'sdiv.i8'),
    # ---- x86-64: conditions ----
    ('ule is ult', X, x('compare.c'), '[KILN_ICOND_ULE] = X64_BE,', '[KILN_ICOND_ULE] = X64_B,', 'icmp.i32 ule'),
    ('operands are exchanged, and sle stays', X, x('compare.c'), '[KILN_ICOND_SLE] = KILN_ICOND_SGE,', '[KILN_ICOND_SLE] = KILN_ICOND_SLE,', 'first constant'),
    ('a condition behind an extension is not negated', X, x('compare.c'), '? cc ^ negated', '? cc', 'behind.i32'),
    ('an i128 is less by its low half', X, x('wide.c'), 'op_half(w, X64_SBB, high, b, 1);\n    cc', 'op_half(w, X64_CMP, high, b, 1);\n    cc', 'icmp.i128'),
    ('flags of a sum serve signed comparisons', X, x('int.c'), 'if (size == x64_size(type)) flags_tell(w, i, false);',
     'if (size == x64_size(type)) flags_tell(w, i, true);', 'icmp sgt 0'),
    ('a byte is enough to test eight bits', X, x('int.c'), '(o.imm & ~0x7f) == 0 ? 0 : size', '(o.imm & ~0xff) == 0 ? 0 : size', 'and 128, '),
    # ---- x86-64: clobbers, order of operands ----
    ('a division does not claim rdx', X, x('int.c'), '  kn_claim(w, X64_RDX);\n  if (!kn_is_value(a)) {', '  if (!kn_is_value(a)) {', 'div.i64'),
    ('a shift does not claim rcx', X, x('int.c'), '  kn_claim(w, X64_RCX);\n  struct x64_operand o;\n  x64_operand(w, h, type, &o);',
     '  struct x64_operand o;\n  x64_operand(w, h, type, &o);', 'shl.i64'),
    ('a difference has its operands exchanged where the first is a constant', X, x('int.c'),
     '  if (!subtract) order(w, &a, &b);', '  order(w, &a, &b);', 'sub.i64 first operand'),
    ('a sum by lea adds instead of subtracting', X, x('int.c'), 'x64_at(ra, subtract ? -o.imm : o.imm)', 'x64_at(ra, o.imm)', 'sub.i64 operand 0 lives'),
    ('the remainder is the quotient', X, x('int.c'), 'rest ? X64_RDX : X64_RAX);\n  x64_set_zx', 'X64_RAX);\n  x64_set_zx', 'urem.i64'),
    ('a funnel shift takes the wrong operand', X, x('int.c'), 'other = left ? rb : ra;', 'other = rb;', 'fshr.i64'),
    # ---- x86-64: scales, displacements, masks ----
    ('an address scales by half', X, x('memory.c'), '.m = {(uint8_t)base, (uint8_t)index, (uint8_t)__builtin_ctz(scale), 0, disp}};',
     '.m = {(uint8_t)base, (uint8_t)index, (uint8_t)(__builtin_ctz(scale) / 2), 0, disp}};', 'addr.i64'),
    ('a scale that is no power of two loses its displacement', X, x('memory.c'), '  if (disp == 0) EMIT(w, x64_rr, X64_ADD, 3, dst, t == dst ? base : t);',
     '  if (disp != 1) EMIT(w, x64_rr, X64_ADD, 3, dst, t == dst ? base : t);', 'addr.i64'),
    ('times nine is times five', X, x('int.c'), 'o.imm == 5 ? 2 : 3;', 'o.imm == 5 ? 2 : 2;', 'mul.i32'),
    ('a count of a narrow rotation is not masked', X, x('int.c'), '(unsigned)n & ((8u << size) - 1));\n  else', '(unsigned)n & 31);\n  else', 'rotl'),
    ('a funnel shift of bytes does not mask its count', X, x('int.c'), 'EMIT(w, x64_alu_ri, X64_G_AND, 2, X64_RCX, (int32_t)bits - 1);', '', 'fshl.i8'),
    ('a division by a power rounds down', X, x('int.c'), '  EMIT(w, x64_shift_ri, X64_G_SHR, size, t, bits - n);\n', '', 'sdiv.i32'),
    ('a magic shift is off by one', X, x('divide.c'), 'EMIT(w, x64_shift_ri, X64_G_SAR, 3, t, g.shift);', 'EMIT(w, x64_shift_ri, X64_G_SAR, 3, t, g.shift - 1u);', 'sdiv.i32'),
    ('a magic factor is accepted that is too inexact', X, 'lib/codegen/magic.h',
     'if (excess <= (unsigned __int128)1 << s) break;', 'if (excess <= (unsigned __int128)2 << s) break;', 'udiv.i32 last operand'),
    ('an i128 is not shifted by 64', X, x('wide.c'), '      if (n > 64) EMIT(w, x64_shift_ri, group, 3, to, n - 64);', '      if (n > 64) EMIT(w, x64_shift_ri, group, 3, to, n - 63);', 'shl.i128'),
    ('a carry is lost', X, x('wide.c'), 'add ? X64_ADC : X64_SBB);\n  if (!flag)', 'add ? X64_ADD : X64_SBB);\n  if (!flag)', 'uaddo.i128'),
    ('the product of an i128 lacks a mixed product', X, x('wide.c'), '    EMIT(w, x64_rr, X64_ADD, 3, t, u);\n  }\n  x64_wide_half(w, X64_RAX, in->a, 0);', '  }\n  x64_wide_half(w, X64_RAX, in->a, 0);', 'mul.i128'),
    # ---- AArch64 ----
    ('signed less is unsigned less', A, a('compare.c'), '{A64_EQ, A64_NE, A64_LT, A64_GE,', '{A64_EQ, A64_NE, A64_LO, A64_GE,', 'icmp.i32 slt'),
    ('exchanged operands keep ugt', A, a('compare.c'), 'KILN_ICOND_SLT, KILN_ICOND_UGT, KILN_ICOND_ULE,', 'KILN_ICOND_SLT, KILN_ICOND_ULT, KILN_ICOND_ULE,', 'icmp.'),
    ('a condition behind an extension is not negated', A, a('compare.c'), '      k.cond ^= negated;\n      uint64_t mask', '      uint64_t mask', 'behind.i32'),
    ('or joins two comparisons as and does', A, a('compare.c'), 'unsigned gate = (unsigned)emit_icmp(w, &first) ^ either;', 'unsigned gate = (unsigned)emit_icmp(w, &first);', 'joined.i32 slt'),
    ('flags of a second comparison that is skipped are wrong', A, a('compare.c'), '4, 0, 2, 0, 8, 0, 1, 0, 2,', '4, 0, 2, 0, 8, 0, 1, 0, 4,', 'joined.i32'),
    ('the sign bit tested is the highest but one', A, a('compare.c'), 'a64_bits(k.type) - 1);\n      return', 'a64_bits(k.type) - 2);\n      return', 'icmp.i32 slt'),
    ('a field is one bit too narrow', A, a('fold.c'), 'x->width = least(ones, bits - n);\n    return true;', 'x->width = least(ones, bits - n) - (ones > 1);\n    return true;', 'pair.i32'),
    ('a field that is inserted has the shift of one that is extracted', A, a('fold.c'), 'x->lsb = x->insert ? n - m : m - n;', 'x->lsb = m;', 'shl'),
    ('a field is extended with zeros', A, a('fold.c'), 'x->sign = second->op == KILN_OP_SEXT;\n    if', 'x->sign = false;\n    if', 'pair.'),
    ('a product is subtracted from the wrong side', A, a('fold.c'), '(in->a == i && kn_is_value(in->b) && in->op != KILN_OP_SUB);', '(in->a == i && kn_is_value(in->b));', 'pair.i32 mul, sub'),
    ('a sum of a shifted value shifts right', A, a('fold.c'), 'part->op == KILN_OP_ASHR ? A64_ASR : A64_LSL;',
     'part->op == KILN_OP_ASHR ? A64_ASR : A64_LSR;', 'pair.i64 shl'),
    ('an extension within a sum is of the other kind', A, a('fold.c'), 'part->op == KILN_OP_SEXT ? A64_SXTW : A64_UXTW, 0));', 'part->op == KILN_OP_SEXT ? A64_UXTW : A64_SXTW, 0));', 'pair.i64'),
    ('a narrow shift right does not extend', A, a('int.c'), ': a64_extend_narrow(w, A64_IP0, o.a, in->type, in->op == KILN_OP_ASHR);\n  a64_emit(w, a64_op2(in->op == KILN_OP_SHL', ': o.a;\n  a64_emit(w, a64_op2(in->op == KILN_OP_SHL', 'shr.i8'),
    ('a constant is subtracted instead of added', A, a('int.c'), ': a64_addsub_val(A64_SUB, a64_sf(in->type), rd, ra, minus));', ': a64_addsub_val(A64_ADD, a64_sf(in->type), rd, ra, minus));', 'add.i64 last operand'),
    ('times a power and one is times a power', A, a('int.c'), 'A64_LSL, log2_of(c - 1)));', 'A64_LSL, log2_of(c - 1) + 1));', 'mul.i32'),
    ('the high half of a narrow product is the low half', A, a('int.c'), 'a64_ubfx(1, o.d, A64_IP0, a64_bits(in->type), a64_bits(in->type))', 'a64_ubfx(1, o.d, A64_IP0, 0, a64_bits(in->type))', 'umulh.i32'),
    ('a rotation left does not negate its count', A, a('int.c'), '(unsigned)(left ? 0 - c : c) & (width - 1);', '(unsigned)c & (width - 1);', 'rotl.i32'),
    ('a remainder has the sign of the divisor', A, a('int.c'), 'a64_emit(w, a64_msub(o.sf, o.d, q, b, a));', 'a64_emit(w, a64_msub(o.sf, o.d, q, a, b));', 'srem.i32'),
    ('a minimum is a maximum where it is unsigned', A, a('int.c'), '(least ? A64_LO : A64_HI)));', '(least ? A64_HI : A64_LO)));', 'umin.i32'),
    # ---- edges, frames, copies, calls ----
    ('registers that are exchanged get the same value', X, 'lib/codegen/moves.c', '          src[j] = (uint8_t)t;\n', '', 'exchanged'),
    ('of three registers that rotate one is lost', A, 'lib/codegen/moves.c', '      sources &= ~BIT(d);\n      continue;',
     '      sources = 0;\n      continue;', 'rotated'),
    ('saved registers are restored from beside their place', X, x('frame.c'),
     'EMIT(w, x64_rm, X64_LEA, 3, X64_RSP, x64_at(X64_RBP, -8 * (int32_t)x64(w)->saved_count));',
     'EMIT(w, x64_rm, X64_LEA, 3, X64_RSP, x64_at(X64_RBP, -8 * (int32_t)x64(w)->saved_count - 8));', 'over a call'),
    ('a saved register is restored to another', X, x('frame.c'), 'EMIT(w, x64_pop, x64_saved_order[k]);',
     'EMIT(w, x64_pop, k ? x64_saved_order[k] : X64_R12);', 'call '),
    ('an alias of a variable is not copied before a store', X, 'lib/codegen/regs.c',
     'if (w->regs.aliased & KN_BIT(home)) kn_copy_aliases(w, home);\n      w->hooks->move', 'w->hooks->move', 'variable, other block'),
    ('an argument on the stack is not extended', X, x('call.c'),
     'x64_extend(w, X64_SCRATCH, r, type, flags & KN_PARAM_SIGN, flags & KN_PARAM_TO_64);\n      r = X64_SCRATCH;', '', 'sext stack'),
    ('rax does not count the float registers of a variadic call', X, x('call.c'), '  if (floats) x64_const(w, X64_RAX, floats);\n  else EMIT',
     '  EMIT', 'call variadic'),
    # ---- found by functions ----
    ('copies in registers stay valid where several blocks enter', X, 'lib/codegen/walk.c', '(block->n_preds == 1)', '(block->n_preds >= 1)', FUNCTION),
    ('an edge reads a parameter in the frame that it has written', X, 'lib/codegen/edge.c',
     'if (m.src == KN_NO_REG && m.src_handle == 0 && w->inst[arg->value].op == KILN_OP_PARAM &&',
     'if (m.src == KN_NO_REG && m.src_handle == 0 && w->inst[arg->value].op == KILN_OP_NONE &&', FUNCTION),
    ('an edge leaves out what goes from a register to the frame', A, 'lib/codegen/edge.c',
     'if (m->src != KN_NO_REG) w->hooks->store(w, m->src, m->dst_frame, m->type);', 'if (m->src != KN_NO_REG) continue;', FUNCTION),
    ('saved registers are restored in the order in which they were saved', X, x('frame.c'), 'for (unsigned k = 5; k-- > 0;)',
     'for (unsigned k = 0; k < 5; k++)', FUNCTION),
    ('a pair of saved registers is restored exchanged', A, a('frame.c'), 'A64_OFFSET, p->a & 31, p->b & 31, A64_FP, p->at));',
     'A64_OFFSET, (load ? p->b : p->a) & 31, (load ? p->a : p->b) & 31, A64_FP, p->at));', FUNCTION),
    ('the frame is freed without the registers that are saved', A, a('frame.c'), 'for (unsigned i = e->n; i-- > 0;) transfer(w, &e->pairs[i], true);',
     '', FUNCTION),
    ('va_start begins with the named arguments', X, x('varargs.c'), '{8 * (int32_t)w->frame.va.gp, 48', '{0, 48', FUNCTION),
    ('the exception and its selector are exchanged', X, 'lib/codegen/eh.c', '{{w->target->exception[0], w->target->exception[1]}, {0}}',
     '{{w->target->exception[1], w->target->exception[0]}, {0}}', FUNCTION),
    ('a landing pad does not make the moves of its edge', A, 'lib/codegen/eh.c',
     'if (!KN_PUSH(w->owner, w->moves, w->eh.moves.at[s.first + i])) return;', '', FUNCTION),
    ('all that unwinds is cleaned up, and nothing is caught', X, 'lib/codegen/eh.c', 'call->action = action_of(w, in);', 'call->action = 0;', FUNCTION),
]
