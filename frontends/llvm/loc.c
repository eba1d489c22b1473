/* Source locations: of metadata only what names the file of a scope is kept, and only in modules
 * whose instructions have locations. Called by module.c, func.c and funcdef.c.
 * Invariant: metadata ids count as LLVM's do: strings first, then nodes, the module's before the
 * function's own. */
#include "bc.h"

enum {
  MD_STRING_OLD = 1,
  MD_NAME = 4,
  MD_KIND = 6,
  MD_NAMED_NODE = 10,
  MD_FILE = 16,
  MD_COMPILE_UNIT = 20,
  MD_SUBPROGRAM = 21,
  MD_LEXICAL_BLOCK = 22,
  MD_LEXICAL_BLOCK_FILE = 23,
  MD_STRINGS = 35,
  MD_GLOBAL_DECL_ATTACHMENT = 36,
  MD_INDEX_OFFSET = 38,
  MD_INDEX = 39,
  MD_ARG_LIST = 46
};

/* METADATA_STRINGS: [count, offset of the characters], blob: lengths as vbr 6, then characters. */
static bool strings(struct kn_bc *r) {
  if (r->ops.n < 2 || !r->blob || r->ops.at[1] > r->blob_size || r->ops.at[0] > r->blob_size * 8)
    return kn_bc_malformed(r, "bad metadata strings");
  uint64_t count = r->ops.at[0], at = r->ops.at[1];
  struct kn_bits lengths = {.data = r->blob, .end = at * 8}; /* short: no need to be fast */
  if (!KN_BC_ROOM(r, r->mds, r->mds.n + count)) return false;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t n = kn_bits_vbr(&lengths, 6);
    if (n > r->blob_size - at || n > UINT32_MAX) return kn_bc_malformed(r, "bad metadata strings");
    r->mds.at[r->mds.n++] =
      (struct kn_bc_md){.kind = MDK_STRING, .text = (const char *)r->blob + at, .a = (uint32_t)n};
    at += n;
  }
  return true;
}

static uint32_t id_of(const struct kn_bc *r, uint32_t i) {
  return i < r->ops.n && r->ops.at[i] <= UINT32_MAX ? (uint32_t)r->ops.at[i] : 0;
}

/* The record whose abbreviation id was just read. */
static bool node(struct kn_bc *r, unsigned id) {
  struct kn_bc_md md = {.kind = MDK_OTHER};
  switch (kn_bc_code(r, id)) {
  case MD_STRINGS: return kn_bc_record(r, id) && strings(r);
  case MD_NAME:
  case MD_KIND:
  case MD_NAMED_NODE:
  case MD_GLOBAL_DECL_ATTACHMENT:
  case MD_INDEX_OFFSET:
  case MD_INDEX:
  case MD_ARG_LIST: return kn_bc_skip_record(r, id); /* have no number */
  case MD_FILE:
    if (!kn_bc_record(r, id)) return false;
    md = (struct kn_bc_md){.kind = MDK_FILE, .a = id_of(r, 1), .b = id_of(r, 2)};
    break;
  case MD_COMPILE_UNIT:
    r->has_units = true;
    if (!kn_bc_skip_record(r, id)) return false;
    break;
  case MD_SUBPROGRAM:
    if (!kn_bc_record(r, id)) return false;
    md = (struct kn_bc_md){.kind = MDK_SCOPE, .a = id_of(r, 4)};
    break;
  case MD_LEXICAL_BLOCK:
  case MD_LEXICAL_BLOCK_FILE:
    if (!kn_bc_record(r, id)) return false;
    md = (struct kn_bc_md){.kind = MDK_SCOPE, .a = id_of(r, 2)};
    break;
  default:
    if (!kn_bc_skip_record(r, id)) return false;
  }
  return KN_BC_PUSH(r, r->mds, md);
}

bool kn_bc_read_metadata(struct kn_bc *r) {
  struct kn_bc_saved saved;
  struct kn_bits *b = &r->bits;
  if (!kn_bc_enter(r, BLOCK_METADATA, &saved)) return false;
  for (;;) {
    r->record_pos = b->pos;
    if (b->pos >= b->end) return kn_bc_malformed(r, "the file ends within metadata");
    unsigned id = (unsigned)kn_bits_fixed(b, r->width);
    bool ok = true;
    if (id == BC_END_BLOCK) {
      kn_bits_align(b);
      kn_bc_leave(r, &saved);
      return r->status == KILN_OK;
    }
    if (id == BC_ENTER_BLOCK) {
      kn_bits_vbr(b, 8);
      ok = kn_bc_skip(r);
    } else if (id == BC_DEFINE_ABBREV) {
      ok = kn_bc_define(r, false, BLOCK_METADATA);
    } else {
      ok = node(r, id);
    }
    if (!ok) return false;
  }
}

bool kn_bc_module_metadata(struct kn_bc *r) {
  if (r->mds_read) return true;
  r->mds_read = true;
  if (r->metadata_pos) {
    r->bits.pos = r->metadata_pos;
    if (!kn_bc_read_metadata(r)) return false;
  }
  r->module_mds = r->mds.n;
  return true;
}

/* The metadata of number `id` - 1 if it is of `kind`. */
static const struct kn_bc_md *get(const struct kn_bc *r, uint32_t id, unsigned kind) {
  uint32_t shared = r->shared.n_mds;
  if (id == 0 || id - 1 >= (uint64_t)shared + r->mds.n) return NULL;
  const struct kn_bc_md *md =
    id <= shared ? r->shared.mds + (id - 1) : r->mds.at + (id - 1 - shared);
  return md->kind == kind ? md : NULL;
}

/* Path of the file of scope `id` - 1; the module's source if it is unknown. Kept in r->path. */
static const char *path(struct kn_bc *r, uint32_t id) {
  const struct kn_bc_md *scope = get(r, id, MDK_SCOPE);
  const struct kn_bc_md *file = scope ? get(r, scope->a, MDK_FILE) : NULL;
  const struct kn_bc_md *name = file ? get(r, file->a, MDK_STRING) : NULL;
  if (!name) return r->source;
  if (r->path_file == scope->a) return r->path;
  const struct kn_bc_md *folder = get(r, file->b, MDK_STRING);
  size_t n = 0, room = sizeof r->path - 1;
  if (folder && folder->a && (!name->a || name->text[0] != '/') && folder->a < room - 1) {
    memcpy(r->path, folder->text, folder->a);
    n = folder->a;
    r->path[n++] = '/';
  }
  size_t more = name->a < room - n ? name->a : room - n;
  memcpy(r->path + n, name->text, more);
  r->path[n + more] = 0;
  r->path_file = scope->a;
  return r->path;
}

/* [line, column, scope + 1, inlined at + 1, implicit] */
static void location(struct kn_bc *r, const uint64_t *ops) {
  uint32_t line = (uint32_t)ops[0], column = (uint32_t)ops[1], scope = (uint32_t)ops[2];
  if (r->loc && line == r->loc_line && column == r->loc_column && scope == r->loc_scope) return;
  r->loc = kiln_loc_add(r->session, path(r, scope), line, column);
  r->loc_line = line;
  r->loc_column = column;
  r->loc_scope = scope;
}

void kn_bc_loc_ahead(struct kn_bc *r) {
  uint64_t pos = r->bits.pos;
  uint32_t loc = 0;
  unsigned id = (unsigned)kn_bits_fixed(&r->bits, r->width);
  uint32_t code = kn_bc_code(r, id);
  if (code == FUNC_DEBUG_LOC_AGAIN && kn_bc_skip_record(r, id)) {
    loc = r->loc;
  } else if (code == FUNC_DEBUG_LOC) {
    /* Decoded into an array of its own: the instruction's operands are still needed. */
    struct kn_bc_ops ops = r->ops;
    r->ops = r->ahead;
    if (kn_bc_record(r, id) && r->ops.n >= 3) {
      location(r, r->ops.at);
      loc = r->loc;
    }
    r->ahead = r->ops;
    r->ops = ops;
  } else {
    r->bits.pos = pos; /* no location */
  }
  if (loc != r->loc_set) kiln_loc_set(r->f, loc);
  r->loc_set = loc;
}
