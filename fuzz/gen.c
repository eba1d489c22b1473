/* Generated programs: data, functions, flow graphs of any shape, blocks filled in any order, values
 * used before they are built and edges whose arguments come late. See gen.h. */
#include "gen.h"

#include <string.h>

/* ---- the flow graph ---- */

static void draw_block(struct gen *g, unsigned i) {
  struct gen_block *b = &g->blocks[i];
  unsigned n = g->n_blocks, targets = 1;
  uint32_t k = gen_byte(g);
  b->kind = k < 96    ? KILN_OP_BR
            : k < 184 ? KILN_OP_BRIF
            : k < 210 ? KILN_OP_SWITCH
            : k < 226 ? KILN_OP_BRIND
                      : KILN_OP_RET;
  if (n == 1 || (i + 1 == n && k < 128)) b->kind = KILN_OP_RET;
  switch (b->kind) {
  case KILN_OP_RET: targets = 0; break;
  case KILN_OP_BRIF: targets = 2; break;
  case KILN_OP_SWITCH: targets = 1 + gen_pick(g, 9); break;
  case KILN_OP_BRIND: targets = 1 + gen_pick(g, 4); break;
  default: break;
  }
  for (unsigned t = 0; t < targets; t++) {
    uint32_t r = gen_byte(g);
    unsigned to = r < 150 ? i + 1 + (r & 1) : 1 + r % (n - 1); /* mostly on */
    b->succs[b->n_succs++] = (uint8_t)(to < n ? to : n - 1);
  }
  if (i == 0) return;
  for (unsigned p = gen_chance(g, 140) ? gen_pick(g, 5) : 0; p > 0; p--) {
    b->param_types[b->n_params++] = (uint8_t)(gen_chance(g, 24) ? GEN_PTR : (unsigned)gen_type(g));
  }
}

/* Finds reachable blocks and the sources of back edges, by depth-first search. */
static void walk_graph(struct gen *g, uint8_t *order, unsigned *n_order) {
  uint8_t stack[GEN_BLOCKS], next[GEN_BLOCKS] = {0}, on[GEN_BLOCKS] = {0};
  unsigned depth = 1, n = 0;
  stack[0] = 0;
  on[0] = 1;
  g->blocks[0].reached = true;
  while (depth > 0) {
    unsigned i = stack[depth - 1];
    struct gen_block *b = &g->blocks[i];
    if (next[i] == b->n_succs) {
      on[i] = false;
      order[n++] = (uint8_t)i; /* post-order */
      depth--;
      continue;
    }
    unsigned to = b->succs[next[i]++];
    if (on[to]) g->blocks[to].fuel = true;
    if (g->blocks[to].reached) continue;
    on[to] = 1;
    g->blocks[to].reached = true;
    stack[depth++] = (uint8_t)to;
  }
  *n_order = n;
}

static void dominate(struct gen *g) {
  uint8_t order[GEN_BLOCKS], number[GEN_BLOCKS], idom[GEN_BLOCKS];
  unsigned n;
  walk_graph(g, order, &n);
  memset(idom, 0xff, sizeof idom);
  for (unsigned k = 0; k < n; k++) number[order[k]] = (uint8_t)k;
  idom[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned k = n - 1; k-- > 0;) {
      unsigned i = order[k], d = 0xff;
      for (unsigned p = 0; p < g->n_blocks; p++) {
        const struct gen_block *b = &g->blocks[p];
        if (!b->reached || idom[p] == 0xff || memchr(b->succs, (int)i, b->n_succs) == NULL)
          continue;
        unsigned x = p;
        while (d != 0xff && x != d) {
          while (number[x] < number[d]) x = idom[x];
          while (number[d] < number[x]) d = idom[d];
        }
        d = x;
      }
      if (idom[i] != d) {
        idom[i] = (uint8_t)d;
        changed = true;
      }
    }
  }
  for (unsigned i = 0; i < g->n_blocks; i++) g->blocks[i].idom = idom[i] == 0xff ? 0 : idom[i];
}

static void draw_graph(struct gen *g) {
  uint32_t k = gen_byte(g);
  g->n_blocks = k < 128 ? 1 + k % 8 : k < 240 ? 1 + k % 16 : 1 + k % GEN_BLOCKS;
  memset(g->blocks, 0, sizeof g->blocks);
  for (unsigned i = 0; i < g->n_blocks; i++) draw_block(g, i);
  dominate(g);
}

/* ---- blocks ---- */

static struct gen_block *current(struct gen *g) { return &g->blocks[g->cur]; }

void gen_go_to(struct gen *g, kiln_block b) {
  current(g)->end = b;
  kiln_block_switch(g->f, b);
}

static void to_exit(struct gen *g, kiln_value cond) {
  kiln_block on = kiln_block_new(g->f);
  kiln_value args[KILN_MAX_RESULTS];
  for (unsigned i = 0; i < g->sig->n_results; i++) args[i] = gen_operand(g, g->sig->results[i]);
  gen_used(g, KILN_OP_BRIF);
  kiln_build_brif(g->f, cond, g->exit, args, g->sig->n_results, on, NULL, 0);
  gen_go_to(g, on);
}

static void take_fuel(struct gen *g) {
  kiln_value at = gen_symbol(g, g->fuel, 0), one = kiln_const_int(g->f, 1);
  kiln_value left = kiln_build_load(g->f, KILN_TYPE_I64, at, 0, 0);
  left = kiln_build_binary(g->f, KILN_OP_SUB, KILN_TYPE_I64, left, one);
  kiln_build_store(g->f, KILN_TYPE_I64, at, 0, left, 0);
  to_exit(g, kiln_build_icmp(g->f, KILN_ICOND_SLE, KILN_TYPE_I64, left, kiln_const_int(g->f, 0)));
}

/* A branch that is never taken, to a trap or to an unreachable operation. */
static void guard(struct gen *g) {
  kiln_block bad = kiln_block_new(g->f), on = kiln_block_new(g->f);
  kiln_value zero = kiln_build_load(g->f, KILN_TYPE_I8, gen_symbol(g, g->zero, 0), 0, 0);
  kiln_op op = gen_chance(g, 128) ? KILN_OP_TRAP : KILN_OP_UNREACHABLE;
  gen_used(g, op);
  kiln_build_brif(g->f, zero, bad, NULL, 0, on, NULL, 0);
  kiln_block_switch(g->f, bad);
  kiln_build_nullary(g->f, op);
  gen_go_to(g, on);
}

/* Frame pointers, probes and guards are chosen by the function's shape, so that what the input's
 * bytes mean stays the same. */
static void harden(struct gen *g, unsigned n_slots) {
  unsigned choice = 5 * n_slots + 3 * g->sig->n_params;
  kiln_func_attrs attrs = kiln_func_get_attrs(g->f);
  attrs.frame_pointer = choice % 7 < 2;
  attrs.realign_stack = choice % 6 == 5;
  if (choice % 4 == 1) attrs.probe_bytes = choice % 8 == 1 ? 4096 : 64;
  if (choice % 5 < 3) attrs.guard = (kiln_guard)(KILN_GUARD_ARRAYS + choice % 5);
  attrs.no_jump_tables = choice % 3 == 2;
  attrs.foreign = choice % 7 == 3;
  kiln_func_set_attrs(g->f, &attrs);
}

static void start_slots(struct gen *g) {
  unsigned n = gen_pick(g, GEN_SLOTS + 1);
  g->n_slots = 0;
  harden(g, n);
  for (unsigned i = 0; i < n; i++) {
    uint32_t k = gen_byte(g);
    unsigned t = k >= 220 ? KILN_TYPE_VOID : k >= 205 ? GEN_PTR : (unsigned)gen_type(g);
    if (t == KILN_TYPE_VOID) {
      kiln_value s = kiln_slot_new(g->f, GEN_OBJECT, 4 + (k & 1));
      kiln_build_ternary(g->f, KILN_OP_MEMSET, KILN_TYPE_I64, s, gen_operand(g, KILN_TYPE_I8),
                         kiln_const_int(g->f, GEN_OBJECT));
      g->slots[g->n_slots] = s;
      if (k & 2) kiln_slot_set_array(g->f, s);
    } else {
      unsigned size = kiln_type_size(gen_ir_type(t));
      kiln_value s = kiln_slot_new(g->f, size, (unsigned)__builtin_ctz(size));
      kiln_build_store(g->f, gen_ir_type(t), s, 0, gen_operand(g, t), 0);
      g->slots[g->n_slots] = s;
    }
    g->slot_types[g->n_slots++] = (uint8_t)t;
  }
}

/* Makes a block's parameters; then the block takes fuel if a loop may close here. */
static void start_block(struct gen *g, unsigned i) {
  struct gen_block *b = &g->blocks[i];
  g->cur = i;
  kiln_block_switch(g->f, b->end);
  if (b->started) return;
  b->started = true;
  if (i == 0) {
    for (unsigned k = 0; k < g->sig->n_params; k++) {
      gen_add(g, g->sig->types[k], kiln_func_param(g->f, k), false);
    }
    start_slots(g);
    gen_read_extra(g);
  }
  if (b->fuel || i == 0) take_fuel(g);
}

static void some_instructions(struct gen *g) {
  uint32_t k = gen_byte(g), n = k < 200 ? k % 12 : k % 40;
  for (; n > 0 && g->n_insts < 1500; n--) {
    if (g->at == g->end) break;
    if (gen_chance(g, 6)) guard(g);
    gen_instruction(g);
  }
}

/* ---- terminators ---- */

static kiln_value edge_arg(struct gen *g, unsigned type) { return gen_operand(g, type); }

/* Chooses the arguments for a target: given now, or some of them at the end. */
static unsigned edge_args(struct gen *g, unsigned to, kiln_value *args) {
  const struct gen_block *b = &g->blocks[to];
  bool late = gen_chance(g, 50);
  for (unsigned i = 0; i < b->n_params; i++) {
    if (late && i + 1 == b->n_params && g->n_late < GEN_LATE) {
      g->late[g->n_late++] =
        (struct gen_late){(uint8_t)g->cur, (uint8_t)to, (uint8_t)i, b->param_types[i]};
      return i;
    }
    args[i] = edge_arg(g, b->param_types[i]);
  }
  return b->n_params;
}

/* All edges of a switch to one target have the same arguments. */
static void give_args(struct gen *g, kiln_block pred) {
  const struct gen_block *b = current(g);
  for (unsigned t = 0; t < b->n_succs; t++) {
    unsigned to = b->succs[t];
    if (memchr(b->succs, (int)to, t) != NULL) continue;
    for (unsigned i = 0; i < g->blocks[to].n_params; i++) {
      kiln_value v = edge_arg(g, g->blocks[to].param_types[i]);
      kiln_edge_set_arg(g->f, pred, g->blocks[to].first, i, v);
    }
  }
}

static void end_switch(struct gen *g) {
  const struct gen_block *b = current(g);
  kiln_switch_case cases[10];
  static const int64_t strides[] = {1, 1, 1, 2, 5, 17, 29};
  kiln_type t = gen_int_type(g);
  if (t == KILN_TYPE_I128) t = KILN_TYPE_I64;
  int64_t base = (int8_t)gen_byte(g), stride = strides[gen_pick(g, 7)];
  if (t >= KILN_TYPE_I32 && gen_chance(g, 30)) stride = 100000007;
  for (unsigned k = 1; k < b->n_succs; k++) {
    cases[k - 1] = (kiln_switch_case){base + (int64_t)k * stride, g->blocks[b->succs[k]].first};
  }
  kiln_value v = gen_operand(g, t);
  if (gen_chance(g, 170)) { /* near the cases */
    v = kiln_build_binary(g->f, KILN_OP_AND, t, v, kiln_const_int(g->f, 15));
    if (stride != 1) v = kiln_build_binary(g->f, KILN_OP_MUL, t, v, kiln_const_int(g->f, stride));
    v = kiln_build_binary(g->f, KILN_OP_ADD, t, v, kiln_const_int(g->f, base));
  }
  kiln_block pred = b->end;
  kiln_build_switch(g->f, t, v, g->blocks[b->succs[0]].first, cases, b->n_succs - 1u);
  give_args(g, pred);
}

static kiln_symbol label(struct gen *g, unsigned block) {
  return kiln_block_symbol(g->m, g->sig->symbol, (kiln_block){g->blocks[block].first.id});
}

static void end_brind(struct gen *g) {
  const struct gen_block *b = current(g);
  kiln_block targets[10];
  kiln_symbol table = g->label_tables[g->cur];
  kiln_value v = gen_symbol(g, label(g, b->succs[0]), 0);
  for (unsigned k = 0; k < b->n_succs; k++) targets[k] = g->blocks[b->succs[k]].first;
  if (table.id != 0) {
    kiln_value i = gen_operand(g, KILN_TYPE_I64);
    i = kiln_build_binary(g->f, KILN_OP_AND, KILN_TYPE_I64, i, kiln_const_int(g->f, 3));
    v = kiln_build_addr(g->f, gen_symbol(g, table, 0), i, 8, 0);
    v = kiln_build_load(g->f, KILN_TYPE_I64, v, 0, 0);
  } else {
    for (unsigned k = 1; k < b->n_succs; k++) {
      kiln_value c = gen_condition(g);
      v = kiln_build_select(g->f, KILN_TYPE_I64, c, gen_symbol(g, label(g, b->succs[k]), 0), v);
    }
  }
  kiln_block pred = b->end;
  kiln_build_brind(g->f, v, targets, b->n_succs);
  give_args(g, pred);
}

static void end_block(struct gen *g) {
  struct gen_block *b = current(g);
  kiln_value args[8], others[8];
  gen_used(g, (kiln_op)b->kind);
  for (unsigned k = 0; k < g->n_promises;) {
    struct gen_promise p = g->promises[k];
    if (p.block != g->cur) {
      k++;
      continue;
    }
    g->promises[k] = g->promises[--g->n_promises];
    kiln_value v = gen_operand(g, p.type);
    if (v.id == p.v.id || kiln_value_type(g->f, v) == KILN_TYPE_VOID || !gen_chance(g, 160)) {
      v = kiln_build_unary(g->f, KILN_OP_COPY, gen_ir_type(p.type), gen_const(g, p.type));
    }
    kiln_forward_bind(g->f, p.v, v);
  }
  switch (b->kind) {
  case KILN_OP_BR: {
    unsigned n = edge_args(g, b->succs[0], args);
    kiln_build_br(g->f, g->blocks[b->succs[0]].first, args, n);
    break;
  }
  case KILN_OP_BRIF: {
    kiln_value c = gen_condition(g);
    unsigned n = edge_args(g, b->succs[0], args), m;
    /* An argument that comes later is for all edges to the target. */
    if (b->succs[0] == b->succs[1]) m = n, memcpy(others, args, sizeof args);
    else m = edge_args(g, b->succs[1], others);
    kiln_build_brif(g->f, c, g->blocks[b->succs[0]].first, args, n, g->blocks[b->succs[1]].first,
                    others, m);
    break;
  }
  case KILN_OP_SWITCH: end_switch(g); break;
  case KILN_OP_BRIND: end_brind(g); break;
  default:
    if (g->sig->pops && gen_chance(g, 160) && gen_tailcall(g)) break;
    for (unsigned i = 0; i < g->sig->n_results; i++) args[i] = gen_operand(g, g->sig->results[i]);
    kiln_build_ret(g->f, args, g->sig->n_results);
    break;
  }
  b->done = true;
}

/* ---- functions ---- */

static void make_exit(struct gen *g) {
  kiln_value results[KILN_MAX_RESULTS];
  g->exit = kiln_block_new(g->f);
  for (unsigned i = 0; i < g->sig->n_results; i++) {
    results[i] = kiln_block_add_param(g->f, g->exit, g->sig->results[i]);
  }
  kiln_block_switch(g->f, g->exit);
  kiln_build_ret(g->f, results, g->sig->n_results);
}

/* Tables of block addresses in data, of four each. */
static void label_tables(struct gen *g, unsigned func) {
  memset(g->label_tables, 0, sizeof g->label_tables);
  for (unsigned i = 0; i < g->n_blocks; i++) {
    const struct gen_block *b = &g->blocks[i];
    if (b->kind != KILN_OP_BRIND || !gen_chance(g, 128)) continue;
    char name[16] = "tableFBB";
    name[5] = (char)('0' + func);
    name[6] = (char)('0' + i / 10);
    name[7] = (char)('0' + i % 10);
    kiln_symbol_desc d = {.name = name, .linkage = KILN_LINKAGE_INTERNAL};
    g->label_tables[i] = kiln_data_declare(g->m, &d);
    kiln_reloc relocs[4] = {{0}};
    for (unsigned k = 0; k < 4; k++) {
      relocs[k].offset_bytes = k * 8;
      relocs[k].size_bytes = 8;
      relocs[k].symbol = label(g, b->succs[k % b->n_succs]);
    }
    kiln_data_desc data = {.size_bytes = 32,
                           .align_log2 = 3,
                           .relocs = relocs,
                           .n_relocs = 4,
                           .flags = gen_chance(g, 128) ? KILN_DATA_READ_ONLY : 0};
    kiln_data_define(g->m, g->label_tables[i], &data);
  }
}

static kiln_func *build_func(struct gen *g, unsigned index) {
  g->sig = &g->sigs[index];
  g->n_promises = g->n_late = g->n_insts = g->n_slots = 0;
  g->f = kiln_func_begin(g->s, g->sig->symbol);
  if (g->f == NULL) return NULL;
  draw_graph(g);
  g->blocks[0].first = kiln_block_current(g->f);
  for (unsigned i = 1; i < g->n_blocks; i++) {
    struct gen_block *b = &g->blocks[i];
    b->first = kiln_block_new(g->f);
    g->cur = i;
    for (unsigned k = 0; k < b->n_params; k++) {
      kiln_value v = kiln_block_add_param(g->f, b->first, gen_ir_type(b->param_types[k]));
      gen_add(g, b->param_types[k], v, false);
    }
  }
  for (unsigned i = 0; i < g->n_blocks; i++) g->blocks[i].end = g->blocks[i].first;
  label_tables(g, index);
  g->cur = 0;
  make_exit(g);
  start_block(g, 0);

  uint8_t todo[GEN_BLOCKS];
  unsigned left = g->n_blocks;
  for (unsigned i = 0; i < left; i++) todo[i] = (uint8_t)i;
  while (left > 0) {
    unsigned k = gen_chance(g, 60) ? gen_pick(g, left) : 0;
    start_block(g, todo[k]);
    some_instructions(g);
    if (gen_chance(g, 30)) continue; /* left, and resumed later */
    end_block(g);
    memmove(todo + k, todo + k + 1, --left - k);
  }
  for (unsigned k = 0; k < g->n_late; k++) {
    const struct gen_late *l = &g->late[k];
    g->cur = l->pred;
    kiln_edge_set_arg(g->f, g->blocks[l->pred].end, g->blocks[l->succ].first, l->index,
                      gen_operand(g, l->type));
  }
  return g->f;
}

/* void fz_main(void): calls every function, leaves results and data in `out`. */
static kiln_func *build_main(struct gen *g) {
  static struct gen_sig sig;
  memset(&sig, 0, sizeof sig);
  sig.sig = kiln_sig_new(g->m, KILN_CC_C, 0, NULL, 0, NULL, 0);
  sig.symbol = kiln_func_declare(g->m, &(kiln_symbol_desc){.name = "fz_main"}, sig.sig);
  g->sig = &sig;
  g->n_promises = g->n_late = g->n_insts = g->n_slots = 0;
  g->f = kiln_func_begin(g->s, sig.symbol);
  if (g->f == NULL) return NULL;
  memset(g->blocks, 0, sizeof g->blocks);
  g->n_blocks = 1;
  g->cur = 0;
  g->blocks[0].end = g->blocks[0].first = kiln_block_current(g->f);
  unsigned at = 0;
  for (unsigned i = g->n_funcs; i-- > 0;) {
    kiln_value results[KILN_MAX_RESULTS];
    gen_call_func(g, i, results, true);
    for (unsigned k = 0; k < g->sigs[i].n_results; k++) {
      kiln_type t = g->sigs[i].results[k];
      kiln_value v = results[k];
      if (t >= KILN_TYPE_F32 && t <= KILN_TYPE_F80) v = gen_quiet(g, t, v);
      kiln_build_store(g->f, t, gen_symbol(g, g->out, 0), (int32_t)at, v, 0);
      at += 16;
    }
  }
  kiln_value size = kiln_const_int(g->f, GEN_OBJECT);
  kiln_build_ternary(g->f, KILN_OP_MEMCPY, KILN_TYPE_I64, gen_symbol(g, g->out, 1024 - GEN_OBJECT),
                     gen_symbol(g, g->data, 0), size);
  kiln_build_ret(g->f, NULL, 0);
  return g->f;
}

/* ---- programs ---- */

static kiln_symbol table(struct gen *g, const char *name, const kiln_reloc *relocs, uint32_t n) {
  kiln_reloc sized[8];
  for (size_t i = 0; i < n; i++) {
    sized[i] = relocs[i];
    sized[i].size_bytes = 8;
  }
  kiln_symbol_desc d = {.name = name, .linkage = KILN_LINKAGE_INTERNAL};
  kiln_symbol s = kiln_data_declare(g->m, &d);
  kiln_data_desc data = {.size_bytes = n * 8,
                         .align_log2 = 3,
                         .relocs = sized,
                         .n_relocs = n,
                         .flags = gen_chance(g, 128) ? KILN_DATA_READ_ONLY : 0};
  kiln_data_define(g->m, s, &data);
  return s;
}

static void declare_data(struct gen *g) {
  uint8_t bytes[GEN_OBJECT];
  struct {
    const char *name;
    kiln_symbol *to;
  } outside[] = {{"host_a", &g->a},
                 {"host_b", &g->b},
                 {"host_zero", &g->zero},
                 {"host_fuel", &g->fuel},
                 {"host_out", &g->out}};
  for (unsigned i = 0; i < 5; i++) {
    kiln_symbol_desc d = {.name = outside[i].name, .dso_local = gen_chance(g, 60)};
    *outside[i].to = kiln_data_declare(g->m, &d);
  }
  for (unsigned i = 0; i < GEN_OBJECT; i++) bytes[i] = (uint8_t)(i * i + 3);
  kiln_symbol_desc d = {.name = "data", .linkage = (kiln_linkage)gen_pick(g, 3)};
  kiln_data_desc data = {.bytes = bytes, .size_bytes = GEN_OBJECT, .align_log2 = 4};
  if (gen_chance(g, 60)) data.bytes = NULL;
  g->data = kiln_data_declare(g->m, &d);
  kiln_data_define(g->m, g->data, &data);
  d = (kiln_symbol_desc){.name = "constant", .linkage = (kiln_linkage)gen_pick(g, 3)};
  data = (kiln_data_desc){.bytes = bytes, .size_bytes = GEN_OBJECT, .flags = KILN_DATA_READ_ONLY};
  g->constant = kiln_data_declare(g->m, &d);
  kiln_data_define(g->m, g->constant, &data);
  d = (kiln_symbol_desc){.name = "part", .linkage = (kiln_linkage)gen_pick(g, 2)};
  g->part = kiln_alias_define(g->m, &d, g->data, 24);
  d = (kiln_symbol_desc){.name = "host_tls",
                         .tls = (kiln_tls)(KILN_TLS_GENERAL_DYNAMIC + gen_pick(g, 4))};
  g->tls = kiln_data_declare(g->m, &d);
  const kiln_reloc pointers[] = {{.symbol = g->a, .addend = 8},
                                 {.offset_bytes = 8, .symbol = g->b},
                                 {.offset_bytes = 16, .symbol = g->data, .addend = 60},
                                 {.offset_bytes = 24, .symbol = g->part, .addend = -3}};
  g->pointers = table(g, "pointers", pointers, 4);
}

/* Addresses of the functions, in their order. */
static void declare_table(struct gen *g) {
  kiln_reloc relocs[GEN_FUNCS];
  for (unsigned i = 0; i < g->n_funcs; i++) {
    const struct gen_sig *s = &g->sigs[i];
    relocs[i] =
      (kiln_reloc){.offset_bytes = i * 8, .symbol = s->alias.id != 0 ? s->alias : s->symbol};
  }
  g->functions = table(g, "functions", relocs, g->n_funcs);
}

/* Draws the weights of types in the program. */
static void draw_weights(struct gen *g) {
  static const uint8_t weights[][KILN_TYPE_COUNT + 1] = {
    {[KILN_TYPE_I8] = 2,
     [KILN_TYPE_I16] = 2,
     [KILN_TYPE_I32] = 6,
     [KILN_TYPE_I64] = 6,
     [KILN_TYPE_I128] = 1,
     [KILN_TYPE_F32] = 2,
     [KILN_TYPE_F64] = 2},
    {[KILN_TYPE_I32] = 3, [KILN_TYPE_I64] = 5},
    {[KILN_TYPE_I8] = 3, [KILN_TYPE_I16] = 3, [KILN_TYPE_I32] = 1},
    {[KILN_TYPE_F32] = 3, [KILN_TYPE_F64] = 4, [KILN_TYPE_I32] = 1, [KILN_TYPE_I64] = 1},
    {[KILN_TYPE_I128] = 4, [KILN_TYPE_I64] = 3, [KILN_TYPE_F64] = 1},
    {[KILN_TYPE_F80] = 5,
     [KILN_TYPE_I64] = 3,
     [KILN_TYPE_I32] = 1,
     [KILN_TYPE_F64] = 2,
     [KILN_TYPE_F32] = 1},
  };
  memcpy(g->weights, weights[gen_pick(g, 6)], sizeof g->weights);
  g->weight = 0;
  for (unsigned t = 0; t < KILN_TYPE_COUNT; t++) g->weight += g->weights[t];
}

kiln_status gen_program(struct gen *g, kiln_session *s, const uint8_t *data, size_t size,
                        kiln_func_sink_fn sink, void *user) {
  g->at = data;
  g->end = data + size;
  g->s = s;
  g->m = kiln_session_module(s);
  g->target = kiln_module_processor(g->m);
  draw_weights(g);
  declare_data(g);
  gen_declare_host(g);
  g->n_funcs = 1 + gen_pick(g, GEN_FUNCS);
  for (unsigned i = 0; i < g->n_funcs; i++) gen_signature(g, i);
  declare_table(g);
  for (unsigned i = 0; i <= g->n_funcs; i++) {
    kiln_func *f = i < g->n_funcs ? build_func(g, i) : build_main(g);
    if (f == NULL) return KILN_ERR_MEMORY;
    kiln_status status = sink(user, f);
    if (status != KILN_OK) return status;
  }
  return kiln_module_status(g->m);
}
