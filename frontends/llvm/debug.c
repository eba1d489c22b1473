/* Debugging information: metadata nodes become entries of <kiln/debug.h>, each from its record and as the block is
 * scanned. Called by metadata.c for each node, by funcdef.c when a body ends, by func.c for records that describe
 * variables. Records' fields: LLVM's MetadataLoader.cpp and BitcodeWriter.cpp, versions 15 to 22.
 * Invariant: the entry of a node has a number that follows from the node's, so that nodes may refer to later ones. */
#include "debug.h"

#include <kiln/debug.h>

/* DWARF 5, 7.5.3 and 7.5.4. */
enum {
  TAG_ENUMERATION_TYPE = 0x04,
  TAG_FORMAL_PARAMETER = 0x05,
  TAG_IMPORTED_DECLARATION = 0x08,
  TAG_LEXICAL_BLOCK = 0x0b,
  TAG_MEMBER = 0x0d,
  TAG_COMPILE_UNIT = 0x11,
  TAG_SUBROUTINE_TYPE = 0x15,
  TAG_INHERITANCE = 0x1c,
  TAG_PTR_TO_MEMBER_TYPE = 0x1f,
  TAG_SUBRANGE_TYPE = 0x21,
  TAG_ARRAY_TYPE = 0x01,
  TAG_BASE_TYPE = 0x24,
  TAG_ENUMERATOR = 0x28,
  TAG_SUBPROGRAM = 0x2e,
  TAG_VARIABLE = 0x34,
  TAG_NAMESPACE = 0x39,
  AT_NAME = 0x03,
  AT_BYTE_SIZE = 0x0b,
  AT_BIT_SIZE = 0x0d,
  AT_LANGUAGE = 0x13,
  AT_IMPORT = 0x18,
  AT_COMP_DIR = 0x1b,
  AT_CONST_VALUE = 0x1c,
  AT_CONTAINING_TYPE = 0x1d,
  AT_DEFAULT_VALUE = 0x1e,
  AT_LOWER_BOUND = 0x22,
  AT_PRODUCER = 0x25,
  AT_PROTOTYPED = 0x27,
  AT_UPPER_BOUND = 0x2f,
  AT_ACCESSIBILITY = 0x32,
  AT_ARTIFICIAL = 0x34,
  AT_COUNT = 0x37,
  AT_DATA_MEMBER_LOCATION = 0x38,
  AT_DECL_FILE = 0x3a,
  AT_DECL_LINE = 0x3b,
  AT_DECLARATION = 0x3c,
  AT_ENCODING = 0x3e,
  AT_EXTERNAL = 0x3f,
  AT_SPECIFICATION = 0x47,
  AT_TYPE = 0x49,
  AT_VIRTUALITY = 0x4c,
  AT_VTABLE_ELEM_LOCATION = 0x4d,
  AT_EXPLICIT = 0x63,
  AT_DATA_BIT_OFFSET = 0x6b,
  AT_ENUM_CLASS = 0x6d,
  AT_LINKAGE_NAME = 0x6e,
  AT_REFERENCE = 0x77,
  AT_RVALUE_REFERENCE = 0x78,
  AT_NORETURN = 0x87,
  AT_ALIGNMENT = 0x88,
  AT_EXPORT_SYMBOLS = 0x89,
  AT_DELETED = 0x8a,
  AT_GNU_VECTOR = 0x2107,
  OP_DEREF = 0x06,
  OP_PLUS_UCONST = 0x23,
  OP_CONSTU = 0x10,
};

/* DIFlags and DISPFlags: LLVM's DebugInfoFlags.def. */
enum {
  FLAG_ACCESS = 3,
  FLAG_FWD_DECL = 1 << 2,
  FLAG_VIRTUAL = 1 << 5,
  FLAG_ARTIFICIAL = 1 << 6,
  FLAG_EXPLICIT = 1 << 7,
  FLAG_PROTOTYPED = 1 << 8,
  FLAG_VECTOR = 1 << 11,
  FLAG_STATIC = 1 << 12,
  FLAG_LVALUE = 1 << 13,
  FLAG_RVALUE = 1 << 14,
  FLAG_EXPORT = 1 << 15,
  FLAG_BIT_FIELD = 1 << 19,
  FLAG_NORETURN = 1 << 20,
  FLAG_ENUM_CLASS = 1 << 24,
  SP_VIRTUALITY = 3,
  SP_LOCAL = 1 << 2,
  SP_DEFINITION = 1 << 3,
  SP_DELETED = 1 << 9,
};

/* ---- numbers ---- */

/* The first entry of a module is the type of arrays' indices, which LLVM makes too. */
enum { INDEX_TYPE = 1 };

kiln_die kn_bc_die(const struct kn_bc *r, uint64_t id) {
  if (id == 0 || id > UINT32_MAX) return (kiln_die){0};
  if (!r->mds_done || kn_bc_md_of_module(r, (uint32_t)id))
    return id <= r->module_strings
             ? (kiln_die){0}
             : kiln_die_at(r->debug, (uint32_t)id - r->module_strings + INDEX_TYPE);
  uint64_t k = id - 1 - (r->shared.n_mds ? r->shared.n_mds : r->module_mds);
  if (k < r->func_strings) return (kiln_die){0};
  return kiln_die_at(r->func_debug, r->die_base + (uint32_t)k - r->func_strings);
}

/* ---- operands ---- */

struct node {
  struct kn_bc *r;
  kiln_debug *d;
  const uint64_t *op;
  uint32_t n;
};

static uint64_t op(const struct node *x, uint32_t i) { return i < x->n ? x->op[i] : 0; }
static kiln_die die(const struct node *x, uint32_t i) { return kn_bc_die(x->r, op(x, i)); }

static const struct kn_bc_md *md(const struct node *x, uint64_t id) {
  return id <= UINT32_MAX ? kn_bc_md(x->r, (uint32_t)id) : NULL;
}

/* The integer that metadata `id` - 1 is; false if it is none. */
static bool integer(const struct node *x, uint64_t id, int64_t *out) {
  const struct kn_bc_md *m = md(x, id);
  if (!m || m->kind != MDK_VALUE || m->n >= x->r->n_vals) return false;
  const struct kn_bc_cst *c = &x->r->csts[m->n];
  *out = (int64_t)c->v;
  return c->kind == CK_INT;
}

/* A size or offset: a number, or since LLVM 21 metadata. */
static uint64_t extent(const struct node *x, uint32_t i, bool metadata) {
  int64_t v;
  if (!metadata) return op(x, i);
  return integer(x, op(x, i), &v) ? (uint64_t)v : 0;
}

static void string(const struct node *x, unsigned name, uint32_t i) {
  const struct kn_bc_md *m = md(x, op(x, i));
  if (m && m->kind == MDK_STRING && m->n) kiln_die_string(x->d, name, m->text, m->n);
}
static void refer(const struct node *x, unsigned name, uint32_t i) {
  kiln_die_ref(x->d, name, die(x, i));
}
static void flag(const struct node *x, unsigned name, uint64_t is) {
  if (is) kiln_die_flag(x->d, name);
}
static void place(const struct node *x, uint32_t file) {
  if (op(x, file + 1) == 0) return;
  refer(x, AT_DECL_FILE, file);
  kiln_die_uint(x->d, AT_DECL_LINE, op(x, file + 1));
}
/* Bits 0 and 1 of DIFlags: private, protected, public, which DWARF numbers the other way round. */
static void access(const struct node *x, uint64_t flags) {
  if (flags & FLAG_ACCESS) kiln_die_uint(x->d, AT_ACCESSIBILITY, 4 - (flags & FLAG_ACCESS));
}

/* ---- nodes ---- */

static void file(const struct node *x, kiln_die e) {
  const struct kn_bc_md *sum = md(x, op(x, 4));
  kiln_die_begin(x->d, e, KILN_TAG_FILE, (kiln_die){0});
  string(x, AT_NAME, 1);
  string(x, AT_COMP_DIR, 2);
  if (op(x, 3) != 1 || !sum || sum->kind != MDK_STRING || sum->n != 32) return;
  uint8_t md5[16] = {0};
  for (unsigned i = 0; i < 32; i++) {
    char c = sum->text[i];
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 32) - 'a' + 10;
    if (digit > 15) return;
    md5[i / 2] = (uint8_t)(md5[i / 2] << 4 | digit);
  }
  kiln_die_md5(x->d, md5);
}

/* Debuggers look at the producer to know what prologues and line tables to expect. gdb takes what begins with "clang "
 * for LLVM's: then it goes by the line table, where it else looks for the instructions that make a frame. */
static void producer(const struct node *x) {
  static const char llvm[] = "clang ", ours[] = "clang (Kiln) ", ours_too[] = " (Kiln)";
  const struct kn_bc_md *m = md(x, op(x, 3));
  char text[256];
  size_t n = m && m->kind == MDK_STRING ? m->n : 0, at = 0;
  bool like = n >= sizeof llvm - 1 && memcmp(m->text, llvm, sizeof llvm - 1) == 0;
  if (n > sizeof text - sizeof ours) n = sizeof text - sizeof ours;
  if (!like) {
    memcpy(text, ours, sizeof ours - 1);
    at = sizeof ours - 1;
  }
  if (n) memcpy(text + at, m->text, n);
  at += n;
  if (like) {
    memcpy(text + at, ours_too, sizeof ours_too - 1);
    at += sizeof ours_too - 1;
  }
  kiln_die_string(x->d, AT_PRODUCER, text, at);
}

static void unit(const struct node *x, kiln_die e) {
  struct kn_bc *r = x->r;
  kiln_die_begin(x->d, e, TAG_COMPILE_UNIT, (kiln_die){0});
  producer(x);
  kiln_die_uint(x->d, AT_LANGUAGE, op(x, 1) & 0xffff);
  kiln_die_ref(x->d, AT_DECL_FILE, die(x, 2));
  if (op(x, 8) != 1 && op(x, 8) != 2) return; /* emission kinds: full, line tables only */
  kiln_debug_unit(r->module, e);
  static const uint8_t lists[] = {9, 10, 12, 13}; /* enums, types, globals, imported entities */
  for (unsigned i = 0; i < sizeof lists; i++)
    if (op(x, lists[i])) kiln_debug_keep(r->module, e, die(x, lists[i]));
}

static void basic(const struct node *x, kiln_die e) {
  kiln_die_begin(x->d, e, (unsigned)op(x, 1), (kiln_die){0});
  string(x, AT_NAME, 2);
  if (op(x, 1) != TAG_BASE_TYPE) return;
  kiln_die_uint(x->d, AT_ENCODING, op(x, 5));
  kiln_die_uint(x->d, AT_BYTE_SIZE, (extent(x, 3, op(x, 0) & 2) + 7) / 8);
}

static void derived(const struct node *x, kiln_die e) {
  unsigned tag = (unsigned)op(x, 1);
  uint64_t flags = op(x, 10);
  bool metadata = op(x, 0) & 2;
  uint64_t size = extent(x, 7, metadata), offset = extent(x, 9, metadata);
  bool member = tag == TAG_MEMBER || tag == TAG_INHERITANCE;
  bool is_static = (flags & FLAG_STATIC) != 0;
  kiln_die_begin(x->d, e, tag == TAG_VARIABLE ? TAG_MEMBER : tag, die(x, 5));
  string(x, AT_NAME, 2);
  refer(x, AT_TYPE, 6);
  place(x, 3);
  if (tag == TAG_MEMBER || tag == TAG_INHERITANCE || tag == TAG_VARIABLE) access(x, flags);
  if (tag == TAG_PTR_TO_MEMBER_TYPE) refer(x, AT_CONTAINING_TYPE, 11);
  flag(x, AT_ARTIFICIAL, flags & FLAG_ARTIFICIAL);
  if (is_static) {
    int64_t v;
    kiln_die_flag(x->d, AT_EXTERNAL);
    kiln_die_flag(x->d, AT_DECLARATION);
    if (integer(x, op(x, 11), &v)) kiln_die_int(x->d, AT_CONST_VALUE, v);
  } else if (flags & FLAG_BIT_FIELD) {
    kiln_die_uint(x->d, AT_BIT_SIZE, size);
    kiln_die_uint(x->d, AT_DATA_BIT_OFFSET, offset);
  } else if (member && !(tag == TAG_INHERITANCE && (flags & FLAG_VIRTUAL))) {
    kiln_die_uint(x->d, AT_DATA_MEMBER_LOCATION, offset / 8);
  } else if (member) { /* LLVM gives the offset in the table of virtual functions */
    static const uint8_t head[] = {0x12, 0x06, OP_CONSTU}, tail[] = {0x1c, 0x06, 0x22};
    uint8_t b[24], *p = b;
    memcpy(p, head, sizeof head);
    p += sizeof head;
    uint64_t v = offset;
    for (; v > 0x7f; v >>= 7) *p++ = (uint8_t)(v | 0x80);
    *p++ = (uint8_t)v;
    memcpy(p, tail, sizeof tail);
    kiln_die_expr(x->d, AT_DATA_MEMBER_LOCATION, b, (size_t)(p - b) + sizeof tail);
    kiln_die_uint(x->d, AT_VIRTUALITY, 1);
  }
}

static void composite(const struct node *x, kiln_die e) {
  unsigned tag = (unsigned)op(x, 1);
  uint64_t flags = op(x, 10), size = extent(x, 7, op(x, 0) & 4);
  kiln_die_begin(x->d, e, tag, die(x, 5));
  string(x, AT_NAME, 2);
  if (tag == TAG_ARRAY_TYPE) {
    flag(x, AT_GNU_VECTOR, flags & FLAG_VECTOR);
    refer(x, AT_TYPE, 6);
  } else {
    if (tag == TAG_ENUMERATION_TYPE) refer(x, AT_TYPE, 6);
    if (flags & FLAG_FWD_DECL) kiln_die_flag(x->d, AT_DECLARATION);
    else kiln_die_uint(x->d, AT_BYTE_SIZE, (size + 7) / 8);
    flag(x, AT_ENUM_CLASS, flags & FLAG_ENUM_CLASS);
    place(x, 3);
    flag(x, AT_EXPORT_SYMBOLS, flags & FLAG_EXPORT);
    if (op(x, 8)) kiln_die_uint(x->d, AT_ALIGNMENT, op(x, 8) / 8);
    refer(x, AT_CONTAINING_TYPE, 13);
  }
  if (die(x, 14).id) kiln_die_children(x->d, die(x, 14));
  if (die(x, 11).id) kiln_die_children(x->d, die(x, 11));
}

static void subrange(const struct node *x, kiln_die e) {
  uint64_t version = op(x, 0) >> 1;
  int64_t v;
  kiln_die_begin(x->d, e, TAG_SUBRANGE_TYPE, (kiln_die){0});
  kiln_die_ref(x->d, AT_TYPE, kiln_die_at(x->r->debug, INDEX_TYPE));
  if (version == 0) {
    if ((int64_t)op(x, 1) != -1) kiln_die_uint(x->d, AT_COUNT, op(x, 1));
    return;
  }
  if (integer(x, op(x, 1), &v)) {
    if (v != -1) kiln_die_uint(x->d, AT_COUNT, (uint64_t)v);
  } else {
    refer(x, AT_COUNT, 1); /* a variable: of an array of variable length */
  }
  if (version == 1) return;
  if (integer(x, op(x, 2), &v) && v != 0) kiln_die_int(x->d, AT_LOWER_BOUND, v);
  if (integer(x, op(x, 3), &v)) kiln_die_int(x->d, AT_UPPER_BOUND, v);
  else refer(x, AT_UPPER_BOUND, 3);
}

static void enumerator(const struct node *x, kiln_die e) {
  bool big = op(x, 0) & 4, is_unsigned = op(x, 0) & 2;
  kiln_die_begin(x->d, e, TAG_ENUMERATOR, (kiln_die){0});
  string(x, AT_NAME, 2);
  if (big && op(x, 1) > 64) return; /* wider than any base type has a form for */
  int64_t v = kn_bits_signed(op(x, big ? 3 : 1));
  if (is_unsigned) kiln_die_uint(x->d, AT_CONST_VALUE, (uint64_t)v);
  else kiln_die_int(x->d, AT_CONST_VALUE, v);
}

static void subprogram(const struct node *x, kiln_die e) {
  bool sp = op(x, 0) & 4;
  if (!sp) return; /* older than LLVM 8 */
  uint64_t sp_flags = op(x, 9), flags = op(x, 11);
  bool definition = sp_flags & SP_DEFINITION;
  kiln_die declaration = die(x, 14), none = {0};
  kiln_die_begin(x->d, e, TAG_SUBPROGRAM, definition && declaration.id ? none : die(x, 1));
  if (declaration.id) {
    kiln_die_ref(x->d, AT_SPECIFICATION, declaration);
    place(x, 4);
    string(x, AT_LINKAGE_NAME, 3);
    if (die(x, 13).id) kiln_die_children(x->d, die(x, 13));
    return;
  }
  string(x, AT_NAME, 2);
  string(x, AT_LINKAGE_NAME, 3);
  place(x, 4);
  flag(x, AT_PROTOTYPED, flags & FLAG_PROTOTYPED);
  flag(x, AT_DECLARATION, !definition);
  flag(x, AT_EXTERNAL, !(sp_flags & SP_LOCAL));
  flag(x, AT_ARTIFICIAL, flags & FLAG_ARTIFICIAL);
  flag(x, AT_EXPLICIT, flags & FLAG_EXPLICIT);
  flag(x, AT_NORETURN, flags & FLAG_NORETURN);
  flag(x, AT_REFERENCE, flags & FLAG_LVALUE);
  flag(x, AT_RVALUE_REFERENCE, flags & FLAG_RVALUE);
  flag(x, AT_DELETED, sp_flags & SP_DELETED);
  access(x, flags);
  if (sp_flags & SP_VIRTUALITY) {
    uint8_t b[12], *p = b;
    kiln_die_uint(x->d, AT_VIRTUALITY, sp_flags & SP_VIRTUALITY);
    if (op(x, 10) != UINT32_MAX) {
      uint64_t v = op(x, 10);
      *p++ = OP_CONSTU;
      for (; v > 0x7f; v >>= 7) *p++ = (uint8_t)(v | 0x80);
      *p++ = (uint8_t)v;
      kiln_die_expr(x->d, AT_VTABLE_ELEM_LOCATION, b, (size_t)(p - b));
    }
    refer(x, AT_CONTAINING_TYPE, 8);
  }
  kiln_die_typed(x->d, die(x, 6));
  if (die(x, 13).id) kiln_die_children(x->d, die(x, 13));
}

static void global(const struct node *x, kiln_die e) {
  if (op(x, 0) >> 1 < 1) return; /* older than LLVM 4 */
  bool templates = op(x, 0) >> 1 >= 2;
  kiln_die_begin(x->d, e, TAG_VARIABLE, die(x, 9).id ? (kiln_die){0} : die(x, 1));
  if (die(x, 9).id) {
    refer(x, AT_SPECIFICATION, 9);
    place(x, 4);
    string(x, AT_LINKAGE_NAME, 3);
    return;
  }
  string(x, AT_NAME, 2);
  string(x, AT_LINKAGE_NAME, 3);
  refer(x, AT_TYPE, 6);
  flag(x, AT_EXTERNAL, !op(x, 7));
  flag(x, AT_DECLARATION, !op(x, 8));
  place(x, 4);
  if (templates && die(x, 10).id) kiln_die_children(x->d, die(x, 10));
}

static void local(const struct node *x, kiln_die e) {
  kiln_die_begin(x->d, e, op(x, 6) ? TAG_FORMAL_PARAMETER : TAG_VARIABLE, die(x, 1));
  string(x, AT_NAME, 2);
  place(x, 3);
  refer(x, AT_TYPE, 5);
  flag(x, AT_ARTIFICIAL, op(x, 7) & FLAG_ARTIFICIAL);
}

/* A list of nodes; strings and the like are none, and neither are nodes without entries. */
static void tuple(const struct node *x, kiln_die e, uint32_t first) {
  struct kn_bc *r = x->r;
  int64_t version;
  const struct kn_bc_md *flag = x->n == 3 && !r->mds_done ? md(x, op(x, 1)) : NULL;
  if (flag && flag->kind == MDK_STRING && flag->n == 13 &&
      memcmp(flag->text, "Dwarf Version", 13) == 0 && integer(x, op(x, 2), &version))
    kiln_debug_version(r->module, version <= 4 ? 4 : 5); /* llvm.module.flags */
  r->dies.n = 0;
  if (!KN_BC_ROOM(r, r->dies, x->n)) return;
  for (uint32_t i = first; i < x->n; i++) r->dies.at[r->dies.n++] = die(x, i);
  kiln_die_list(x->d, e, r->dies.at, r->dies.n);
}

static void imported(const struct node *x, kiln_die e) {
  kiln_die_begin(x->d, e, (unsigned)op(x, 1), die(x, 2));
  refer(x, AT_IMPORT, 3);
  if (op(x, 6)) refer(x, AT_DECL_FILE, 6);
  if (op(x, 4)) kiln_die_uint(x->d, AT_DECL_LINE, op(x, 4));
  string(x, AT_NAME, 5);
}

static void template(const struct node *x, kiln_die e, bool value) {
  int64_t v;
  kiln_die_begin(x->d, e, value ? (unsigned)op(x, 1) : 0x2f, (kiln_die){0});
  string(x, AT_NAME, value ? 2 : 1);
  refer(x, AT_TYPE, value ? 3 : 2);
  flag(x, AT_DEFAULT_VALUE, op(x, value ? 4 : 3));
  if (value && integer(x, op(x, 5), &v)) kiln_die_int(x->d, AT_CONST_VALUE, v);
}

bool kn_bc_debug_begin(struct kn_bc *r) {
  static const char name[] = "__ARRAY_SIZE_TYPE__";
  r->debug = kiln_module_debug(r->module);
  if (!r->debug) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory"), false;
  kiln_die_begin(r->debug, kiln_die_at(r->debug, INDEX_TYPE), TAG_BASE_TYPE, (kiln_die){0});
  kiln_die_string(r->debug, AT_NAME, name, sizeof name - 1);
  kiln_die_uint(r->debug, AT_BYTE_SIZE, 8);
  kiln_die_uint(r->debug, AT_ENCODING, 7); /* DW_ATE_unsigned */
  return true;
}

void kn_bc_debug_node(struct kn_bc *r, uint32_t code, uint32_t id, const uint64_t *ops,
                      uint32_t n) {
  bool own = r->mds_done && !kn_bc_md_of_module(r, id);
  const struct node x = {r, own ? r->func_debug : r->debug, ops, n};
  kiln_die e = kn_bc_die(r, id), none = {0};
  switch (code) {
  case MD_NODE:
  case MD_DISTINCT_NODE: tuple(&x, e, 0); break;
  case MD_SUBRANGE: subrange(&x, e); break;
  case MD_ENUMERATOR: enumerator(&x, e); break;
  case MD_BASIC_TYPE: basic(&x, e); break;
  case MD_FILE: file(&x, e); break;
  case MD_DERIVED_TYPE: derived(&x, e); break;
  case MD_COMPOSITE_TYPE: composite(&x, e); break;
  case MD_SUBROUTINE_TYPE:
    kiln_die_begin(x.d, e, TAG_SUBROUTINE_TYPE, none);
    kiln_die_flag(x.d, AT_PROTOTYPED);
    kiln_die_signature(x.d, die(&x, 2));
    break;
  case MD_COMPILE_UNIT: unit(&x, e); break;
  case MD_SUBPROGRAM: subprogram(&x, e); break;
  case MD_LEXICAL_BLOCK:
  case MD_LEXICAL_BLOCK_FILE: kiln_die_begin(x.d, e, TAG_LEXICAL_BLOCK, die(&x, 1)); break;
  case MD_NAMESPACE:
    kiln_die_begin(x.d, e, TAG_NAMESPACE, die(&x, 1));
    string(&x, AT_NAME, 2);
    flag(&x, AT_EXPORT_SYMBOLS, op(&x, 0) & 2);
    break;
  case MD_TEMPLATE_TYPE: template(&x, e, false); break;
  case MD_TEMPLATE_VALUE: template(&x, e, true); break;
  case MD_GLOBAL_VAR: global(&x, e); break;
  case MD_LOCAL_VAR: local(&x, e); break;
  case MD_IMPORTED_ENTITY: imported(&x, e); break;
  case MD_GLOBAL_VAR_EXPR: { /* a list of the variable: see kn_bc_debug_globals */
    kiln_die var = die(&x, 1);
    kiln_die_list(x.d, e, &var, 1);
    break;
  }
  default: break;
  }
}

uint32_t kn_bc_debug_expression(const uint64_t *ops, uint32_t n) {
  if (n == 1) return 0;
  if (n == 2 && ops[1] == OP_DEREF) return KN_BC_EXPR_DEREF;
  return n == 3 && ops[1] == OP_PLUS_UCONST && ops[2] < INT32_MAX ? (uint32_t)ops[2] + 1
                                                                  : KN_BC_EXPR_OTHER;
}

/* [value, kind, node]...: of a global variable, kind 0 is its description. */
void kn_bc_debug_attachment(struct kn_bc *r, const uint64_t *ops, uint32_t n) {
  if (n < 3 || ops[0] >= r->n_vals || r->csts[ops[0]].kind != CK_GLOBAL) return;
  const struct kn_bc_global *g = &r->globals.at[r->csts[ops[0]].index];
  if (g->what != KILN_SYMBOL_DATA || g->symbol == 0) return;
  for (uint32_t i = 1; i + 1 < n; i += 2) {
    if (ops[i] != 0 || ops[i + 1] >= UINT32_MAX) continue;
    const struct kn_bc_md *pair = kn_bc_md(r, (uint32_t)ops[i + 1] + 1), *expr = NULL;
    if (pair && pair->kind == MDK_PAIR && pair->pos <= UINT32_MAX)
      expr = kn_bc_md(r, (uint32_t)pair->pos);
    if (!expr || expr->kind != MDK_EXPR || expr->n >= KN_BC_EXPR_DEREF) continue;
    uint8_t b[8], *p = b;
    if (expr->n) {
      uint32_t v = expr->n - 1;
      *p++ = OP_PLUS_UCONST;
      for (; v > 0x7f; v >>= 7) *p++ = (uint8_t)(v | 0x80);
      *p++ = (uint8_t)v;
    }
    kiln_debug_global(r->module, kn_bc_die(r, pair->n), (kiln_symbol){g->symbol}, b,
                      (size_t)(p - b));
  }
}

/* ---- functions ---- */

void kn_bc_debug_function(struct kn_bc *r) {
  uint32_t id = r->subprogram;
  if (id == 0 || !kn_bc_md_record(r, id) || r->code != MD_SUBPROGRAM || r->ops.n < 13) return;
  const uint64_t *o = r->ops.at;
  uint32_t line = (uint32_t)(o[7] ? o[7] : o[5]), scope = id, file;
  kiln_die unit = kn_bc_die(r, o[12]);
  file = kn_bc_loc_file(r, scope);
  kiln_location at = {.file = file, .line = line, .scope = kn_bc_die(r, scope)};
  kiln_func_debug(r->f, kn_bc_die(r, id), unit, kiln_loc_full(r->session, &at));
}

void kn_bc_debug_attached(struct kn_bc *r) {
  struct kn_bc_saved saved;
  uint32_t block;
  if (!kn_bc_enter(r, BLOCK_METADATA_ATTACHMENT, &saved)) return;
  for (;;) {
    switch (kn_bc_next_of(r, MD_ATTACHMENT, &block)) {
    case ENTRY_ERROR: return;
    case ENTRY_END: kn_bc_leave(r, &saved); return;
    case ENTRY_BLOCK:
      if (!kn_bc_skip(r)) return;
      break;
    case ENTRY_RECORD:
      for (uint32_t i = 0; r->ops.n % 2 == 0 && i + 1 < r->ops.n; i += 2)
        if (r->ops.at[i] == 0 && r->ops.at[i + 1] < UINT32_MAX)
          r->subprogram = (uint32_t)r->ops.at[i + 1] + 1;
    }
  }
}

void kn_bc_debug_declare(struct kn_bc *r, const uint64_t ops[4]) {
  const struct kn_bc_md *loc = ops[0] < UINT32_MAX ? kn_bc_md(r, (uint32_t)ops[0] + 1) : NULL;
  if (loc && loc->kind == MDK_LOC && loc->n == 0) kn_bc_debug_place(r, ops[1], ops[2], ops[3]);
}

void kn_bc_debug_place(struct kn_bc *r, uint64_t variable, uint64_t expr, uint64_t value) {
  const struct kn_bc_md *v = value < UINT32_MAX ? kn_bc_md(r, (uint32_t)value + 1) : NULL;
  const struct kn_bc_md *e = expr < UINT32_MAX ? kn_bc_md(r, (uint32_t)expr + 1) : NULL;
  if (!v || v->kind != MDK_VALUE || v->n >= r->n_vals || !e || e->kind != MDK_EXPR ||
      (e->n != 0 && e->n != KN_BC_EXPR_DEREF))
    return;
  static const uint8_t deref[] = {OP_DEREF};
  bool pointer = e->n != 0; /* at the address is the variable's */
  const struct kn_bc_md *var = variable < UINT32_MAX ? kn_bc_md(r, (uint32_t)variable + 1) : NULL;
  const struct kn_bc_val *at = &r->vals[v->n];
  if (!var || var->kind != MDK_VAR) return;
  kiln_variable is = {.variable = kn_bc_die(r, variable + 1), .memory = var->n != 0};
  if (at->t >> 24 == VS_SLOT) {
    is.slot = (kiln_value){at->h};
    is.indirect = pointer;
  } else if (at->t >> 24 ==
             VS_HANDLE) { /* an address that is computed: kept in a slot of its own */
    is.slot = kiln_slot_new(r->f, 8, 3);
    is.indirect = true;
    is.expr = deref;
    is.n = pointer;
    kiln_loc_set(r->f, 0); /* belongs to what is before: a breakpoint here finds it done */
    kiln_build_store(r->f, KILN_TYPE_PTR, is.slot, 0, (kiln_value){at->h}, 0);
    kiln_loc_set(r->f, r->loc_set);
  } else {
    return;
  }
  kiln_func_variable(r->f, &is);
}
