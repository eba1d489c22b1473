/* Source locations of instructions. In bitcode a location follows its instruction, so it is read before
 * the instruction is built. Called by body.c and record.c.
 * Invariant: r->fn.at is the newest location of the function. */
#include "debug/ahead.h"
#include "decoder.h"

/* ---- files ---- */

/* The string of metadata `id` - 1, or NULL. */
static const struct kn_bc_md *string(const struct kn_bc *r, uint64_t id) {
  const struct kn_bc_md *md = id <= UINT32_MAX ? kn_bc_md(r, (uint32_t)id) : NULL;
  return md && md->kind == MDK_STRING ? md : NULL;
}

/* Number in the session of the file that metadata `id` - 1 names: [distinct, name, folder, ...]. 0: none, or an
 * error. `*foreign`: whether functions in the file are (kiln_func_attrs.foreign). */
static uint32_t add_file(struct kn_bc *r, uint32_t id, bool *foreign) {
  struct kn_bc_ops ops = r->in.ops; /* may hold an instruction's operands: kept */
  r->in.ops = r->in.md_ops;
  bool ok = kn_bc_md_record(r, id, 3) && r->in.code == MD_FILE;
  uint64_t name_id = ok && r->in.ops.n > 1 ? r->in.ops.at[1] : 0;
  uint64_t folder_id = ok && r->in.ops.n > 2 ? r->in.ops.at[2] : 0;
  r->in.md_ops = r->in.ops;
  r->in.ops = ops;
  const struct kn_bc_md *name = string(r, name_id), *folder = string(r, folder_id);
  if (!name) return 0;
  char path[1024];
  size_t n = 0, room = sizeof path - 1;
  if (folder && folder->n && (!name->n || name->text[0] != '/') && folder->n < room - 1) {
    memcpy(path, folder->text, folder->n);
    n = folder->n;
    path[n++] = '/';
  }
  size_t more = name->n < room - n ? name->n : room - n;
  memcpy(path + n, name->text, more);
  path[n + more] = 0;
  *foreign = kiln_file_is_foreign(path) || (r->m->foreign_only && kn_bc_foreign_header(path));
  if (r->m->entries) return kiln_file_new_die(r->session, kn_bc_die(r, id), path);
  return kiln_file_new(r->session, path);
}

const struct kn_bc_file *kn_bc_loc_file(struct kn_bc *r, uint32_t id) {
  const struct kn_bc_md *scope = kn_bc_md(r, id);
  uint32_t file = scope && scope->kind == MDK_SCOPE ? scope->n : 0;
  struct kn_bc_file *known = &r->md.files[file % KN_BC_FILES];
  bool shared = kn_bc_md_of_module(r, file);
  if (!known->number || known->id != file || (!shared && known->body != r->md.call_body)) {
    bool foreign = false;
    uint32_t number = file ? add_file(r, file, &foreign) : 0;
    if (!number) number = kiln_file_new(r->session, r->m->source);
    *known = (struct kn_bc_file){file, number, r->md.call_body, foreign};
  }
  return known;
}

/* ---- locations ---- */

static uint32_t hash_of(uint32_t id) { return (uint32_t)(kn_mix64(0, id) >> 32); }

/* What is known of location `id`, or NULL: then *at is its position in the table. */
static struct kn_bc_call_loc *call_loc(struct kn_bc *r, uint32_t id, uint32_t *at) {
  const uint32_t hash = hash_of(id);
  uint32_t i;
  KN_HASH_EACH(&r->md.call_hash, hash, *at, i, id > r->md.call_locs.at[i - 1].id)
  if (r->md.call_locs.at[i - 1].id == id) return &r->md.call_locs.at[i - 1];
  return NULL;
}

/* Notes what location `id` is. */
static bool set_call_loc(struct kn_bc *r, uint32_t id, uint32_t loc) {
  uint32_t at;
  struct kn_bc_call_loc *known = call_loc(r, id, &at);
  if (known != NULL) return known->loc = loc, true;
  const struct kn_bc_call_loc is = {id, loc};
  if (!KN_BC_HASH_ROOM(r, &r->md.call_hash) || !KN_BC_PUSH(r, r->md.call_locs, is)) return false;
  kn_hash_put(&r->md.call_hash, at, hash_of(id), r->md.call_locs.n);
  return true;
}

/* Reads the record of location `id`: line, column, scope + 1, inlined at + 1. */
static bool call_record(struct kn_bc *r, uint32_t id, uint32_t op[4]) {
  const struct kn_bc_md *md = kn_bc_md(r, id);
  if (md && md->kind == MDK_LOC && md->head) {
    struct kn_bits b = r->in.bits;
    b.pos = md->pos + md->head;
    uint64_t line = kn_bits_vbr6(&b), column = kn_bits_vbr(&b, 8), scope = kn_bits_vbr6(&b);
    op[0] = (uint32_t)line;
    op[1] = (uint32_t)column;
    op[2] = (uint32_t)scope + 1;
    op[3] = md->n;
    return line < UINT32_MAX && column < UINT32_MAX && scope < UINT32_MAX && !b.bad;
  }
  struct kn_bc_ops ops = r->in.ops; /* may hold an instruction's operands: kept */
  r->in.ops = r->in.md_ops;
  bool ok = kn_bc_md_record(r, id, 5) && r->in.code == MD_LOCATION && r->in.ops.n >= 5;
  for (unsigned i = 0; ok && i < 4; i++) {
    ok = r->in.ops.at[i + 1] < UINT32_MAX;
    op[i] = (uint32_t)r->in.ops.at[i + 1] + (i == 2); /* the scope cannot be none */
  }
  r->in.md_ops = r->in.ops;
  r->in.ops = ops;
  return ok;
}

uint32_t kn_bc_call_loc(struct kn_bc *r, uint32_t id) {
  uint32_t loc = 0, position;
  const struct kn_bc_call_loc *known = NULL;
  bool bad = false; /* no location, or in a circle: so are all that were inlined there */
  r->tmp.call_way.n = 0;
  while (id != 0 && !bad && (known = call_loc(r, id, &position)) == NULL) {
    struct kn_bc_call_way at = {.id = id};
    bad = r->tmp.call_way.n > 4096 || !call_record(r, id, at.op);
    if (!KN_BC_PUSH(r, r->tmp.call_way, at)) return 0;
    id = at.op[3];
  }
  if (id != 0 && !bad) {
    loc = known->loc;
    bad = loc == 0;
  }
  while (r->tmp.call_way.n) {
    const struct kn_bc_call_way *way = &r->tmp.call_way.at[--r->tmp.call_way.n];
    const uint32_t *op = way->op;
    id = way->id;
    if (!bad) {
      kiln_location at = {.file = kn_bc_loc_file(r, op[2])->number, .line = op[0], .column = op[1]};
      at.scope = kn_bc_die(r, op[2]);
      at.inlined = loc;
      bad = (loc = kiln_loc_new_full(r->session, &at)) == 0;
    }
    if (!set_call_loc(r, id, bad ? 0 : loc)) return 0;
  }
  return bad ? 0 : loc;
}

void kn_bc_loc_new(struct kn_bc *r, uint32_t line, uint32_t column, uint32_t scope,
                   uint32_t inlined) {
  struct kn_bc_at *at = &r->fn.at;
  if (KN_UNLIKELY(r->md.keyed)) {
    if (!r->fn.keyed) kn_bc_keys_scan(r);
    const uint32_t flags = kn_bc_keys_flags(r, line, scope);
    if (!(flags & KILN_LOC_STMT) && at->set && kn_bc_loc_goes_on(r, scope, inlined) &&
        line == at->is.line && column == at->is.column)
      return;
    at->is.flags = flags;
  }
  at->is.file = kn_bc_loc_file(r, scope)->number;
  at->is.scope = r->m->entries ? kn_bc_die(r, scope) : (kiln_die){0};
  if (inlined != at->inlined || !at->any)
    at->is.inlined = r->m->entries && inlined ? kn_bc_call_loc(r, inlined) : 0;
  at->scope = scope;
  at->inlined = inlined;
  at->tail_bits = 0;
  at->any |= 1;
  at->set = true;
  at->is.line = line;
  at->is.column = column;
  kiln_func_set_location(r->f, &at->is);
}

static void location(struct kn_bc *r, uint32_t line, uint32_t column, uint32_t scope,
                     uint32_t inlined) {
  if (!r->fn.keyed && kn_bc_loc_goes_on(r, scope, inlined)) kn_bc_loc_line(r, line, column);
  else kn_bc_loc_new(r, line, column, scope, inlined);
}

/* [line, column, scope + 1, inlined at + 1, implicit, ...], unabbreviated, from the number of operands on. */
static __attribute__((noinline)) void unabbreviated(struct kn_bc *r, uint64_t pos) {
  struct kn_bits b = r->in.bits;
  b.pos = pos;
  uint64_t n = kn_bits_vbr6(&b), op[4];
  if (n < 4) return (void)kn_bc_malformed(r, "a location is too short");
  for (unsigned i = 0; i < 4; i++) op[i] = kn_bits_vbr6(&b);
  kn_bits_skip_vbr6(&b, n - 4);
  r->in.bits.pos = b.pos;
  r->in.bits.bad |= b.bad;
  location(r, (uint32_t)op[0], (uint32_t)op[1], (uint32_t)op[2], (uint32_t)op[3]);
}

/* The same in LLVM's abbreviation, whose fields begin at `pos`, with numbers of any size. */
static __attribute__((noinline)) void abbreviated(struct kn_bc *r, uint64_t pos) {
  struct kn_bits b = r->in.bits;
  b.pos = pos;
  const struct kn_bc_loc loc = kn_bc_loc_read(&b);
  r->in.bits.pos = b.pos;
  r->in.bits.bad |= b.bad;
  location(r, loc.line, loc.column, loc.scope, loc.inlined);
}

bool kn_bc_loc_again(struct kn_bc *r) {
  const struct kn_bc_at *at = &r->fn.at;
  if (r->fn.keyed) kn_bc_loc_new(r, at->is.line, at->is.column, at->scope, at->inlined);
  kn_bc_loc_set(r, at->any);
  return at->any;
}

/* Reads a location in any other form; false if there is none. */
static __attribute__((noinline)) bool any_form(struct kn_bc *r, unsigned id, bool *set) {
  uint32_t code = kn_bc_code(r, id);
  if (code == FUNC_DEBUG_LOC_AGAIN) {
    if (!kn_bc_skip_record(r, id)) return false;
    *set = kn_bc_loc_again(r);
    return true;
  }
  if (code != FUNC_DEBUG_LOC) return false;
  struct kn_bc_ops ops = r->in.ops; /* the instruction's operands are still needed */
  r->in.ops = r->in.ahead;
  if (kn_bc_record(r, id) && r->in.ops.n >= 4) {
    const uint64_t *op = r->in.ops.at;
    location(r, (uint32_t)op[0], (uint32_t)op[1], (uint32_t)op[2], (uint32_t)op[3]);
    *set = r->fn.at.any;
  }
  r->in.ahead = r->in.ops;
  r->in.ops = ops;
  return true;
}

/* Reads the records about variables from the current position on, which stand after the instruction before which they
 * count: where variables are declared to live is told at once, since that may take code (`values` false); what refers
 * to values, when the instruction has its number. */
static void records(struct kn_bc *r, bool values) {
  for (;;) {
    if (!values) r->in.decoder->declares(r);
    uint64_t pos = r->in.bits.pos;
    if (!kn_bc_is_record(r, kn_bits_peek(&r->in.bits, pos)) || r->status != KILN_OK) return;
    unsigned id = (unsigned)kn_bits_fixed(&r->in.bits, r->in.width);
    uint32_t code = kn_bc_code(r, id);
    bool declares = code == FUNC_DEBUG_RECORD_DECLARE;
    if (!values && !declares) {
      if (r->fn.records_pos == 0) r->fn.records_pos = pos;
      r->fn.records_at = kiln_func_position(r->f);
    }
    if (declares == values) {
      if (!kn_bc_skip_record(r, id)) return;
      continue;
    }
    struct kn_bc_ops ops = r->in.ops; /* the instruction's operands are still needed */
    r->in.ops = r->in.ahead;
    bool ok = kn_bc_record(r, id);
    if (ok && r->fn.bb < r->fn.n_bbs + values) {
      if (!declares) kn_bc_debug_value(r, code, r->in.ops.at, r->in.ops.n);
      else if (r->in.ops.n >= 4) kn_bc_debug_declare(r, r->in.ops.at);
    }
    r->in.ahead = r->in.ops;
    r->in.ops = ops;
    if (!ok) return;
  }
}

void kn_bc_debug_records(struct kn_bc *r) {
  uint64_t pos = r->in.bits.pos;
  r->in.bits.pos = r->fn.records_pos;
  r->fn.records_pos = 0;
  records(r, true);
  r->in.bits.pos = pos;
}

/* Reads the records about variables at the current position, if there are any, and makes the newest location current,
 * or none. */
static void finish(struct kn_bc *r, bool set) {
  if (r->m->entries && kn_bc_is_record(r, kn_bits_peek(&r->in.bits, r->in.bits.pos)))
    records(r, false);
  kn_bc_loc_set(r, set);
}

void kn_bc_loc_records(struct kn_bc *r, uint32_t line, uint32_t column, uint32_t scope,
                       uint32_t inlined) {
  location(r, line, column, scope, inlined);
  finish(r, true);
}

void kn_bc_loc_slow(struct kn_bc *r) {
  if (r->fn.records_pos != 0) kn_bc_debug_records(r);
  const unsigned width = r->in.width;
  uint64_t pos = r->in.bits.pos, w = kn_bits_peek(&r->in.bits, pos);
  unsigned id = (unsigned)w & ((1u << width) - 1), form = r->in.known[id].form;
  bool set = false;
  w >>= width;
  if (form == FORM_LOC) {
    abbreviated(r, pos + width);
    set = true;
  } else if (form == FORM_UNABBREV) {
    if ((w & ((1u << (LOC_HEAD_BITS + 6)) - 1)) == AGAIN_HEAD) {
      r->in.bits.pos = pos + width + LOC_HEAD_BITS + 6;
      set = kn_bc_loc_again(r);
    } else if ((w & ((1u << LOC_HEAD_BITS) - 1)) == LOC_HEAD) {
      unabbreviated(r, pos + width + LOC_HEAD_BITS);
      set = r->fn.at.any;
    }
  } else if (form == FORM_LOC_KEYED) {
    abbreviated(r, pos + width);
    set = true;
  } else if (form == FORM_ANY) {
    r->in.bits.pos = pos + width;
    if (!any_form(r, id, &set)) r->in.bits.pos = pos;
  }
  finish(r, set);
}
