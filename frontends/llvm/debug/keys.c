/* Key instructions: where statements begin in functions whose subprogram has them, as clang's from -O1 on. A location
 * may be of an atom, which has a group and a rank: a statement begins at the instructions of the group that have the
 * lowest rank, and at calls, but already where the instructions of that line begin: as LLVM has it
 * (DwarfDebug::computeKeyInstructions). The rest of the body is scanned at its first location, since an instruction of
 * a lower rank may follow. Called by loc.c.
 * Invariant: the position in the file is what it was. */
#include "debug/ahead.h"
#include "decoder.h"

/* What is known while a body is scanned. */
struct keys {
  struct kn_bc *r;
  uint32_t number; /* of the next value */
  uint32_t block;
  /* The instruction at which a statement of its line begins: index + 1 of its location in fn.keys, or 0; that line; and
   * the group of which it begins a statement, or 0 */
  uint32_t first, line;
  uint64_t group;
};

/* ---- instructions ---- */

/* LLVM copies and sets at most this many bytes without a call. */
enum { MOST_BYTES = 128 };

/* Does the function of type `type` return a value? */
static bool returns(const struct kn_bc *r, uint64_t type) {
  if (type >= r->types.n || r->types.at[type].kind != TK_FUNC) return false;
  return r->types.at[r->m->elems.at[r->types.at[type].first].type].kind != TK_VOID;
}

/* A call's record is in r->in.ops; its function's type is operand `i`. */
static enum kn_bc_code_kind call(struct keys *k, uint64_t i) {
  struct kn_bc *r = k->r;
  const uint64_t *op = r->in.ops.at;
  if (i + 1 >= r->in.ops.n) return KN_BC_CALLS;
  const uint32_t number = k->number, callee = number - (uint32_t)op[i + 1];
  k->number += returns(r, op[i]);
  if (callee >= r->m->n_vals || r->csts.at[callee].kind != CK_GLOBAL) return KN_BC_CALLS;
  const struct kn_bc_global *g = &r->m->globals.at[r->csts.at[callee].index];
  if (g->what != KILN_SYMBOL_FUNC || g->symbol != 0) return KN_BC_CALLS;
  const enum kn_bc_code_kind is = kn_bc_intrinsic_code(g);
  int64_t bytes;
  if (is != KN_BC_BYTES) return is;
  return i + 4 < r->in.ops.n && kn_bc_is_int(r, number - (uint32_t)op[i + 4], &bytes) &&
             bytes <= MOST_BYTES
           ? KN_BC_CODE
           : KN_BC_CALLS;
}

/* Reads the record whose abbreviation id was just read, and counts its value. *ends: it ends its block. */
static enum kn_bc_code_kind instruction(struct keys *k, unsigned id, uint32_t code, bool *ends) {
  struct kn_bc *r = k->r;
  *ends = false;
  switch (code) {
  case FUNC_CALL:
  case FUNC_INVOKE:
  case FUNC_CALLBR:
    if (!kn_bc_record(r, id) || r->in.ops.n < 4) return KN_BC_NO_CODE;
    *ends = code != FUNC_CALL;
    if (code == FUNC_CALL) return call(k, 2 + (r->in.ops.at[1] >> 17 & 1));
    return call(k, code == FUNC_INVOKE ? 4 : 4 + (r->in.ops.at[3] & UINT32_MAX));
  case FUNC_RET:
  case FUNC_BR:
  case FUNC_SWITCH:
  case FUNC_INDIRECTBR:
  case FUNC_UNREACHABLE:
  case FUNC_RESUME:
  case FUNC_CLEANUPRET:
  case FUNC_CATCHRET: *ends = true; break;
  case FUNC_CATCHSWITCH: *ends = true, k->number++; break;
  case FUNC_STORE:
  case FUNC_STOREATOMIC:
  case FUNC_FENCE: break;
  case FUNC_DECLAREBLOCKS:
  case FUNC_OPERAND_BUNDLE:
  case FUNC_BLOCKADDR_USERS: kn_bc_skip_record(r, id); return KN_BC_NO_CODE;
  default: k->number++;
  }
  kn_bc_skip_record(r, id);
  return code == FUNC_ALLOCA || code == FUNC_PHI ? KN_BC_NO_CODE : KN_BC_CODE;
}

/* ---- atoms ---- */

static KN_COLD bool after(uint64_t group, uint32_t inlined, const struct kn_bc_atom *a) {
  return group != a->group ? group > a->group : inlined > a->inlined;
}

/* The atom of that group, made if there is none; NULL without memory. */
static struct kn_bc_atom *atom_of(struct kn_bc *r, uint32_t inlined, uint64_t group) {
  const uint32_t hash = (uint32_t)(kn_mix64(group, inlined) >> 32);
  uint32_t at, i;
  KN_HASH_EACH(&r->fn.atom_hash, hash, at, i, after(group, inlined, &r->fn.atoms.at[i - 1])) {
    struct kn_bc_atom *a = &r->fn.atoms.at[i - 1];
    if (a->group == group && a->inlined == inlined) return a;
  }
  const struct kn_bc_atom atom = {.group = group, .inlined = inlined};
  if (!KN_BC_HASH_ROOM(r, &r->fn.atom_hash) || !KN_BC_PUSH(r, r->fn.atoms, atom)) return NULL;
  kn_hash_put(&r->fn.atom_hash, at, hash, r->fn.atoms.n);
  return &r->fn.atoms.at[r->fn.atoms.n - 1];
}

/* An instruction of the atom of `loc`: a statement may begin at location k->first. */
static void add(struct keys *k, const struct kn_bc_loc *loc) {
  struct kn_bc *r = k->r;
  struct kn_bc_atom *a = atom_of(r, loc->inlined, loc->group);
  if (a == NULL) return;
  if (a->rank != 0 && a->rank < loc->rank) return;
  if (a->rank != loc->rank) a->begins = 0;
  /* of those in one block the last one counts */
  if (a->begins != 0 && r->fn.begins.at[a->begins - 1].block == k->block)
    a->begins = r->fn.begins.at[a->begins - 1].next;
  a->rank = k->first != 0 || a->begins != 0 ? loc->rank : 0;
  struct kn_bc_begin begin = {.loc = k->first, .block = k->block, .next = a->begins};
  if (k->first != 0 && KN_BC_PUSH(r, r->fn.begins, begin)) a->begins = r->fn.begins.n;
  k->group = loc->group;
}

/* Reads the location whose abbreviation id was just read. */
static void read_location(struct kn_bc *r, unsigned id, struct kn_bc_loc *loc) {
  if (r->in.known[id].form == FORM_LOC_KEYED) {
    *loc = kn_bc_loc_read(&r->in.bits);
  } else if (kn_bc_record(r, id)) {
    const uint64_t *op = r->in.ops.at;
    const uint32_t n = r->in.ops.n;
    *loc = (struct kn_bc_loc){n > 0 ? (uint32_t)op[0] : 0, n > 1 ? (uint32_t)op[1] : 0,
                              n > 2 ? (uint32_t)op[2] : 0, n > 3 ? (uint32_t)op[3] : 0,
                              n > 6 ? (uint32_t)op[6] : 0, n > 5 ? op[5] : 0};
  }
}

/* The instruction has the location `loc`, the newest one. */
static void located(struct keys *k, enum kn_bc_code_kind what, const struct kn_bc_loc *loc) {
  struct kn_bc *r = k->r;
  const uint32_t line = loc->line;
  if (line == 0 || what == KN_BC_NO_CODE) return;
  if (k->first == 0 || k->line != line) {
    k->first = r->fn.keys.n;
    k->line = line;
    k->group = 0;
  }
  if (what == KN_BC_CALLS) { /* begins a statement, and so does what follows it */
    r->fn.keys.at[k->first - 1] |= 1;
    k->first = 0;
    k->group = 0;
  }
  if (loc->group == 0 || loc->rank == 0) return;
  if (k->group != 0 && k->group != loc->group) k->first = r->fn.keys.n;
  add(k, loc);
}

/* ---- bodies ---- */

/* Scans from the current position to the function's end. */
static void scan(struct keys *k) {
  struct kn_bc *r = k->r;
  struct kn_bits *b = &r->in.bits;
  struct kn_bc_loc loc = {0};
  enum kn_bc_code_kind what = KN_BC_NO_CODE;
  bool ends = false;
  while (r->status == KILN_OK && b->pos < b->end) {
    const uint64_t pos = b->pos;
    const unsigned id = (unsigned)kn_bits_fixed(b, r->in.width);
    if (id == BC_END_BLOCK || id == BC_DEFINE_ABBREV) return;
    if (id == BC_ENTER_BLOCK) {
      kn_bits_vbr(b, 8);
      if (!kn_bc_skip(r)) return;
      continue;
    }
    const uint32_t code = kn_bc_code(r, id);
    if (kn_bc_is_debug_record(code)) {
      kn_bc_skip_record(r, id);
    } else if (code == FUNC_DEBUG_LOC || code == FUNC_DEBUG_LOC_AGAIN) {
      if (code == FUNC_DEBUG_LOC) read_location(r, id, &loc);
      else kn_bc_skip_record(r, id);
      if (!KN_BC_PUSH(r, r->fn.keys, pos << 1)) return;
      located(k, what, &loc);
    } else {
      if (ends) k->block++, k->first = 0;
      what = instruction(k, id, code, &ends);
    }
  }
}

/* What is known of scope `id`, its index + 1 in r->md.keyed_scopes; made if there was nothing. 0 without memory. */
static uint32_t keyed_scope(struct kn_bc *r, uint32_t id) {
  const uint32_t hash = (uint32_t)(kn_mix64(0, id) >> 32);
  uint32_t at, i;
  KN_HASH_EACH(&r->md.keyed_hash, hash, at, i, id > r->md.keyed_scopes.at[i - 1].id)
  if (r->md.keyed_scopes.at[i - 1].id == id) return i;
  const struct kn_bc_keyed is = {.id = id};
  if (!KN_BC_HASH_ROOM(r, &r->md.keyed_hash) || !KN_BC_PUSH(r, r->md.keyed_scopes, is)) return 0;
  kn_hash_put(&r->md.keyed_hash, at, hash, r->md.keyed_scopes.n);
  return r->md.keyed_scopes.n;
}

/* Has the subprogram that scope `id` - 1 is in key instructions? All scopes on the way there then know it; in a circle
 * none has. */
static bool is_keyed(struct kn_bc *r, uint32_t id) {
  struct kn_bc_ops ops = r->in.ops; /* may hold an instruction's operands: kept */
  uint32_t at, newest = 0;
  bool keyed = false, goes_on = true;
  r->in.ops = r->in.md_ops;
  while (goes_on && (at = keyed_scope(r, id)) != 0) {
    struct kn_bc_keyed *s = &r->md.keyed_scopes.at[at - 1];
    if (s->body == r->md.call_body || (s->body != 0 && kn_bc_md_of_module(r, id))) {
      keyed = s->is;
      break;
    }
    *s = (struct kn_bc_keyed){.id = id, .body = r->md.call_body, .inner = newest};
    newest = at;
    if (!kn_bc_md_record(r, id, 21)) break;
    const uint64_t *op = r->in.ops.at;
    keyed = r->in.code == MD_SUBPROGRAM && r->in.ops.n > 20 && op[20] != 0;
    goes_on = r->in.code == MD_LEXICAL_BLOCK || r->in.code == MD_LEXICAL_BLOCK_FILE;
    id = r->in.ops.n > 1 && op[1] <= UINT32_MAX ? (uint32_t)op[1] : 0;
  }
  for (; newest != 0; newest = r->md.keyed_scopes.at[newest - 1].inner)
    r->md.keyed_scopes.at[newest - 1].is = keyed;
  r->in.md_ops = r->in.ops;
  r->in.ops = ops;
  return keyed;
}

void kn_bc_keys_scan(struct kn_bc *r) {
  const struct kn_bits bits = r->in.bits;
  struct kn_bc_ops ops = r->in.ops; /* the instruction's operands are still needed */
  struct keys k = {.r = r, .number = r->vals.n};
  r->fn.keyed = true;
  r->fn.at.any = 2;
  for (unsigned id = 0; id < KN_BC_KNOWN; id++)
    if (r->in.known[id].form == FORM_LOC) r->in.known[id].form = FORM_LOC_KEYED;
  r->in.learned = 0; /* for this block only */
  r->in.ops = r->in.md_ops;
  r->in.bits.pos = r->record_pos;
  scan(&k);
  for (uint32_t i = 0; i < r->fn.atoms.n; i++)
    for (uint32_t n = r->fn.atoms.at[i].begins; n != 0; n = r->fn.begins.at[n - 1].next)
      r->fn.keys.at[r->fn.begins.at[n - 1].loc - 1] |= 1;
  r->in.md_ops = r->in.ops;
  r->in.ops = ops;
  r->in.bits = bits;
}

uint32_t kn_bc_keys_flags(struct kn_bc *r, uint32_t line, uint32_t scope) {
  struct kn_bc_function *fn = &r->fn;
  if (scope != fn->key_scope) fn->key_is = is_keyed(r, scope);
  fn->key_scope = scope;
  while (fn->key + 1 < fn->keys.n && fn->keys.at[fn->key + 1] >> 1 < r->in.bits.pos) fn->key++;
  if (!fn->key_is || fn->keys.n == 0) return 0;
  const uint32_t at = kiln_func_position(r->f);
  /* an instruction that Kiln has no code for passes it on to the next one of the line */
  if (!(fn->keys.at[fn->key] & 1) && (at != fn->key_at || line != fn->key_line))
    return KILN_LOC_NOT_STMT;
  fn->key_at = at;
  fn->key_line = line;
  return KILN_LOC_STMT;
}
