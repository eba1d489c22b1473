/* Debugging information: metadata nodes become entries of <kiln/debug.h>, each from its record and as the block is
 * scanned. Called by metadata.c for each node. Variables: debug_var.c. Records' fields: LLVM's MetadataLoader.cpp and
 * BitcodeWriter.cpp, versions 11 to 23.
 * Invariant: the entry of a node has a number that follows from the node's, so that nodes may refer to later ones. */
#include "debug/debug_node.h"

/* ---- nodes ---- */

static void file(const struct kn_node *x, kiln_die e) {
  const struct kn_bc_md *sum = kn_op_md(x, kn_op(x, 4));
  kiln_die_begin(x->d, e, KILN_DIE_TAG_FILE, (kiln_die){0});
  kn_at_string(x, KILN_DW_AT_name, 1);
  kn_at_string(x, KILN_DW_AT_comp_dir, 2);
  if (kn_op(x, 3) != 1 || !sum || sum->kind != MDK_STRING || sum->n != 32) return;
  uint8_t md5[16] = {0};
  for (unsigned i = 0; i < 32; i++) {
    char c = sum->text[i], low = (char)(c | 32);
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)(low - 'a' + 10);
    if (digit > 15 || (digit < 10 && c > '9')) return;
    md5[i / 2] = (uint8_t)(md5[i / 2] << 4 | digit);
  }
  kiln_die_set_md5(x->d, md5);
}

/* Debuggers look at the producer to know what prologues and line tables to expect. gdb takes what begins with "clang "
 * for LLVM's: then it goes by the line table, where it else looks for the instructions that make a frame. */
static void producer(const struct kn_node *x) {
  static const char llvm[] = "clang ", ours[] = "clang (Kiln) ", ours_too[] = " (Kiln)";
  const struct kn_bc_md *m = kn_op_md(x, kn_op(x, 3));
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
  kiln_die_set_string(x->d, KILN_DW_AT_producer, text, at);
}

/* The name of the .dwo file, unless the front end has said one. A unit with an identifier of its own is about a module
 * of clang's, whose file is there already. */
static void split(const struct kn_node *x, kiln_module_attrs *attrs) {
  const struct kn_bc_md *name = kn_op_md(x, kn_op(x, 7));
  if (name == NULL || name->kind != MDK_STRING || name->n == 0 || kn_op(x, 14) != 0) return;
  if (kn_op(x, 16)) {
    kn_bc_fail(x->r, KILN_ERR_UNSUPPORTED,
               "inlined calls in the object as well as in the .dwo file (splitDebugInlining)");
    return;
  }
  char text[4096];
  if (attrs->dwo_name != NULL || name->n >= sizeof text) return;
  memcpy(text, name->text, name->n);
  text[name->n] = 0;
  attrs->dwo_name = text;
  kiln_module_set_attrs(x->r->module, attrs);
}

static void unit(const struct kn_node *x, kiln_die e) {
  struct kn_bc *r = x->r;
  kiln_die_begin(x->d, e, KILN_DW_TAG_compile_unit, (kiln_die){0});
  kiln_module_attrs attrs = kiln_module_get_attrs(r->module);
  if (attrs.dwarf_version == 0) { /* LLVM's default, unless llvm.module.flags say another */
    attrs.dwarf_version = 4;
    kiln_module_set_attrs(r->module, &attrs);
  }
  split(x, &attrs);
  producer(x);
  kiln_die_set_uint(x->d, KILN_DW_AT_language, kn_op(x, 1) & 0xffff);
  kiln_die_set_ref(x->d, KILN_DW_AT_decl_file, kn_op_die(x, 2));
  enum { NAMES_GNU = 1 };
  kn_at_flag(x, KILN_DW_AT_GNU_pubnames, kn_op(x, 18) == NAMES_GNU);
  uint64_t emission = kn_op(x, 8);
  if (emission == EMIT_NONE || emission > EMIT_DIRECTIVES) return;
  kiln_debug_add_unit(kiln_module_debug(r->module), e);
  if (emission != EMIT_FULL) kiln_debug_set_lines_only(kiln_module_debug(r->module), e);
  static const uint8_t lists[] = {9, 10, 12, 13}; /* enums, types, globals, imported entities */
  for (unsigned i = 0; i < sizeof lists; i++)
    if (kn_op(x, lists[i]))
      kiln_debug_keep(kiln_module_debug(r->module), e, kn_op_die(x, lists[i]));
}

enum {
  OF_TEMPLATES,
  OF_RETAINED,
  OF_LINKAGE,
  OF_FILE,
  OF_LINE,
  OF_TYPED,
  OF_CALLS,
  OF_SPECIFICATION,
  OF_NAME,
  OF_PROTOTYPED,
  OF_DECLARATION,
  OF_EXTERNAL,
  OF_ARTIFICIAL,
  OF_EXPLICIT,
  OF_NORETURN,
  OF_LVALUE,
  OF_RVALUE,
  OF_DELETED,
  OF_MAIN,
  OF_PURE,
  OF_ELEMENTAL,
  OF_RECURSIVE,
  OF_TRAMPOLINE,
  OF_ACCESS,
  OF_VIRTUALITY
};
static const struct kn_bc_field subprogram_fields[] = {
  [OF_TEMPLATES] = {0, KILN_DIE_ATTR_CHILDREN},
  [OF_RETAINED] = {0, KILN_DIE_ATTR_RETAINED},
  [OF_LINKAGE] = {KILN_DW_AT_linkage_name, KILN_DIE_ATTR_STRING},
  [OF_FILE] = {KILN_DW_AT_decl_file, KILN_DIE_ATTR_REF},
  [OF_LINE] = {KILN_DW_AT_decl_line, KILN_DIE_ATTR_UINT},
  [OF_TYPED] = {0, KILN_DIE_ATTR_FUNCTION_TYPE},
  [OF_CALLS] = {KILN_DW_AT_call_all_calls, KILN_DIE_ATTR_FLAG},
  [OF_SPECIFICATION] = {KILN_DW_AT_specification, KILN_DIE_ATTR_REF},
  [OF_NAME] = {KILN_DW_AT_name, KILN_DIE_ATTR_STRING},
  [OF_PROTOTYPED] = {KILN_DW_AT_prototyped, KILN_DIE_ATTR_FLAG},
  [OF_DECLARATION] = {KILN_DW_AT_declaration, KILN_DIE_ATTR_FLAG},
  [OF_EXTERNAL] = {KILN_DW_AT_external, KILN_DIE_ATTR_FLAG},
  [OF_ARTIFICIAL] = {KILN_DW_AT_artificial, KILN_DIE_ATTR_FLAG},
  [OF_EXPLICIT] = {KILN_DW_AT_explicit, KILN_DIE_ATTR_FLAG},
  [OF_NORETURN] = {KILN_DW_AT_noreturn, KILN_DIE_ATTR_FLAG},
  [OF_LVALUE] = {KILN_DW_AT_reference, KILN_DIE_ATTR_FLAG},
  [OF_RVALUE] = {KILN_DW_AT_rvalue_reference, KILN_DIE_ATTR_FLAG},
  [OF_DELETED] = {KILN_DW_AT_deleted, KILN_DIE_ATTR_FLAG},
  [OF_MAIN] = {KILN_DW_AT_main_subprogram, KILN_DIE_ATTR_FLAG},
  [OF_PURE] = {KILN_DW_AT_pure, KILN_DIE_ATTR_FLAG},
  [OF_ELEMENTAL] = {KILN_DW_AT_elemental, KILN_DIE_ATTR_FLAG},
  [OF_RECURSIVE] = {KILN_DW_AT_recursive, KILN_DIE_ATTR_FLAG},
  [OF_TRAMPOLINE] = {KILN_DW_AT_trampoline, KILN_DIE_ATTR_STRING},
  [OF_ACCESS] = {KILN_DW_AT_accessibility, KILN_DIE_ATTR_UINT},
  [OF_VIRTUALITY] = {KILN_DW_AT_virtuality, KILN_DIE_ATTR_UINT}};

static void subprogram(const struct kn_node *x, kiln_die e) {
  if (!(kn_op(x, 0) & 4)) return; /* older than LLVM 8 */
  uint64_t sp_flags = kn_op(x, 9), flags = kn_op(x, 11);
  bool definition = sp_flags & SP_DEFINITION;
  if (definition) {
    x->r->md.subprogram = (struct kn_bc_subprogram){e, kn_op_die(x, 12), (uint32_t)kn_op(x, 7)};
    x->r->md.keyed |= kn_op(x, 20) != 0;
  }
  kiln_die declaration = kn_op_die(x, 14), parent = kn_op_die(x, 1);
  struct kn_bc_fields all;
  kn_fields_begin(&all, subprogram_fields);
  kn_put(&all, OF_TEMPLATES, kn_op_die(x, 13).id);
  if (definition) kn_put(&all, OF_RETAINED, kn_op_die(x, 15).id);
  kn_put(&all, OF_LINKAGE, kn_op_text(x, 3));
  kn_put_place(&all, OF_FILE, kn_op_die(x, 4), kn_op(x, 5));
  kn_put(&all, OF_TYPED, kn_op_die(x, 6).id);
  kn_put_flag(&all, OF_CALLS, definition && (flags & FLAG_ALL_CALLS));
  if (declaration.id) { /* has all else */
    kn_put(&all, OF_SPECIFICATION, declaration.id);
    kn_bc_shaped(x, e, KILN_DW_TAG_subprogram, definition ? (kiln_die){0} : parent, &all);
    return;
  }
  kn_put(&all, OF_NAME, kn_op_text(x, 2));
  kn_put_flag(&all, OF_PROTOTYPED, flags & FLAG_PROTOTYPED);
  kn_put_flag(&all, OF_DECLARATION, !definition);
  kn_put_flag(&all, OF_EXTERNAL, !(sp_flags & SP_LOCAL));
  kn_put_flag(&all, OF_ARTIFICIAL, flags & FLAG_ARTIFICIAL);
  kn_put_flag(&all, OF_EXPLICIT, flags & FLAG_EXPLICIT);
  kn_put_flag(&all, OF_NORETURN, flags & FLAG_NORETURN);
  kn_put_flag(&all, OF_LVALUE, flags & FLAG_LVALUE);
  kn_put_flag(&all, OF_RVALUE, flags & FLAG_RVALUE);
  kn_put_flag(&all, OF_DELETED, sp_flags & SP_DELETED);
  kn_put_flag(&all, OF_MAIN, sp_flags & SP_MAIN);
  kn_put_flag(&all, OF_PURE, sp_flags & SP_PURE);
  kn_put_flag(&all, OF_ELEMENTAL, sp_flags & SP_ELEMENTAL);
  kn_put_flag(&all, OF_RECURSIVE, sp_flags & SP_RECURSIVE);
  kn_put(&all, OF_TRAMPOLINE, kn_op_text(x, 19));
  kn_put_access(&all, OF_ACCESS, flags);
  kn_put(&all, OF_VIRTUALITY, sp_flags & SP_VIRTUALITY);
  kn_bc_shaped(x, e, KILN_DW_TAG_subprogram, parent, &all);
  if (sp_flags & SP_VIRTUALITY) {
    uint8_t b[12];
    if (kn_op(x, 10) != UINT32_MAX)
      kiln_die_set_expr(x->d, KILN_DW_AT_vtable_elem_location, b,
                        (size_t)(kn_put_constu(b, kn_op(x, 10)) - b));
    kn_at_ref(x, KILN_DW_AT_containing_type, 8);
  }
}

static void global(const struct kn_node *x, kiln_die e) {
  if (kn_op(x, 0) >> 1 < 1) return; /* older than LLVM 4 */
  bool templates = kn_op(x, 0) >> 1 >= 2;
  kiln_die_begin(x->d, e, KILN_DW_TAG_variable, kn_op_die(x, 1));
  if (kn_op_die(x, 9).id) {
    kn_at_ref(x, KILN_DW_AT_specification, 9);
  } else {
    kn_at_string(x, KILN_DW_AT_name, 2);
    kn_at_flag(x, KILN_DW_AT_external, !kn_op(x, 7));
    kn_at_place(x, 4);
  }
  kn_at_string(x, KILN_DW_AT_linkage_name, 3);
  kn_at_ref(x, KILN_DW_AT_type, 6);
  kn_at_flag(x, KILN_DW_AT_declaration, !kn_op(x, 8));
  if (templates && kn_op_die(x, 10).id) kiln_die_set_children(x->d, kn_op_die(x, 10));
  if (kn_op(x, 11)) kiln_die_set_uint(x->d, KILN_DW_AT_alignment, kn_op(x, 11) / 8);
}

static void put_local(const struct kn_node *x, kiln_die e, const struct kn_bc_local *v) {
  enum { NAME, FILE, LINE, TYPE, ARTIFICIAL, OBJECT_POINTER, ALIGNMENT, ARGUMENT = ALIGNMENT + 2 };
  static const struct kn_bc_field fields[] = {
    [NAME] = {KILN_DW_AT_name, KILN_DIE_ATTR_STRING},
    [FILE] = {KILN_DW_AT_decl_file, KILN_DIE_ATTR_REF},
    [LINE] = {KILN_DW_AT_decl_line, KILN_DIE_ATTR_UINT},
    [TYPE] = {KILN_DW_AT_type, KILN_DIE_ATTR_REF},
    [ARTIFICIAL] = {KILN_DW_AT_artificial, KILN_DIE_ATTR_FLAG},
    [OBJECT_POINTER] = {KILN_DW_AT_object_pointer, KILN_DIE_ATTR_FLAG},
    [ALIGNMENT] = KN_FIELD_NUMBER(KILN_DW_AT_alignment),
    [ARGUMENT] = {0, KILN_DIE_ATTR_ARGUMENT},
  };
  struct kn_bc *r = x->r;
  struct kn_bc_fields all;
  kn_fields_begin(&all, fields);
  kn_put(&all, NAME, kn_bc_md_text(r, v->name).id);
  kn_put_place(&all, FILE, kn_bc_die(r, v->file), v->line);
  kn_put(&all, TYPE, kn_bc_die(r, v->type).id);
  kn_put_flag(&all, ARTIFICIAL, v->flags & FLAG_ARTIFICIAL);
  kn_put_flag(&all, OBJECT_POINTER, v->flags & FLAG_OBJECT_POINTER);
  if (v->alignment) kn_put_number(&all, ALIGNMENT, v->alignment / 8);
  kn_put(&all, ARGUMENT, v->argument < UINT32_MAX ? (uint32_t)v->argument : 0);
  kn_bc_shaped(x, e, v->argument ? KILN_DW_TAG_formal_parameter : KILN_DW_TAG_variable,
               kn_bc_die(r, v->scope), &all);
}

static void local(const struct kn_node *x, kiln_die e) {
  const struct kn_bc_local v = {.scope = kn_op(x, 1),
                                .name = kn_op(x, 2),
                                .file = kn_op(x, 3),
                                .line = kn_op(x, 4),
                                .type = kn_op(x, 5),
                                .argument = kn_op(x, 6),
                                .flags = kn_op(x, 7),
                                .alignment = kn_op(x, 0) & 2 ? kn_op(x, 8) : 0};
  put_local(x, e, &v);
}

void kn_bc_debug_local(struct kn_bc *r, kiln_die e, const struct kn_bc_local *v) {
  const struct kn_node x = {.r = r, .d = r->md.now->debug};
  put_local(&x, e, v);
}

/* A list of nodes; strings and the like are none, and neither are nodes without entries. */
static void tuple(const struct kn_node *x, kiln_die e) {
  struct kn_bc *r = x->r;
  int64_t version;
  const struct kn_bc_md *flag = x->n == 3 && !r->m->md_done ? kn_op_md(x, kn_op(x, 1)) : NULL;
  if (flag && flag->kind == MDK_STRING && flag->n == 13 &&
      memcmp(flag->text, "Dwarf Version", 13) == 0 &&
      kn_op_int(x, kn_op(x, 2), &version)) { /* llvm.module.flags */
    kiln_module_attrs attrs = kiln_module_get_attrs(r->module);
    attrs.dwarf_version = version <= 4 ? 4 : 5;
    kiln_module_set_attrs(r->module, &attrs);
  }
  r->tmp.dies.n = 0;
  if (!KN_BC_ROOM(r, r->tmp.dies, x->n)) return;
  for (uint32_t i = 0; i < x->n; i++) r->tmp.dies.at[i] = kn_bc_die(r, x->op[i]);
  r->tmp.dies.n = x->n;
  kiln_die_begin_list(x->d, e, r->tmp.dies.at, r->tmp.dies.n);
}

static void imported(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, (unsigned)kn_op(x, 1), kn_op_die(x, 2));
  kn_at_ref(x, KILN_DW_AT_import, 3);
  if (kn_op(x, 6)) kn_at_ref(x, KILN_DW_AT_decl_file, 6);
  if (kn_op(x, 4)) kiln_die_set_uint(x->d, KILN_DW_AT_decl_line, kn_op(x, 4));
  kn_at_string(x, KILN_DW_AT_name, 5);
}

static void label(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DW_TAG_label, kn_op_die(x, 1));
  kn_at_string(x, KILN_DW_AT_name, 2);
  kn_at_place(x, 3);
  if (kn_op(x, 5)) kiln_die_set_uint(x->d, KILN_DW_AT_decl_column, kn_op(x, 5));
}

/* Fortran's. */
static void common_block(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DW_TAG_common_block, kn_op_die(x, 1));
  kn_at_string(x, KILN_DW_AT_name, 3);
  kn_at_place(x, 4);
}

bool kn_bc_debug_begin(struct kn_bc *r) {
  static const char name[] = "__ARRAY_SIZE_TYPE__";
  r->open->md.debug = kiln_module_debug(r->module);
  if (!r->m->md.debug) return kn_bc_fail(r, KILN_ERR_MEMORY, "out of memory");
  r->open->md_end = UINT64_MAX;
  r->open->md.part.die = kiln_die_at(r->m->md.debug, KN_BC_INDEX_TYPE).id;
  kiln_die_begin(r->m->md.debug, kiln_die_at(r->m->md.debug, KN_BC_INDEX_TYPE),
                 KILN_DW_TAG_base_type, (kiln_die){0});
  kiln_die_set_string(r->m->md.debug, KILN_DW_AT_name, name, sizeof name - 1);
  kiln_die_set_uint(r->m->md.debug, KILN_DW_AT_byte_size, 8);
  kiln_die_set_uint(r->m->md.debug, KILN_DW_AT_encoding, KILN_DW_ATE_unsigned);
  return true;
}

void kn_bc_debug_block(struct kn_bc *r, kiln_die e, uint64_t scope) {
  static const uint32_t none;
  kiln_debug *d = r->md.now->debug;
  if (r->md.block_shape.id == 0 || r->md.block_shape_of != d) {
    r->md.block_shape = kiln_die_shape_new(d, KILN_DW_TAG_lexical_block, NULL, 0);
    r->md.block_shape_of = d;
  }
  kiln_die_begin_shaped(d, e, r->md.block_shape, kn_bc_die(r, scope), &none);
}

static void block(const struct kn_node *x, kiln_die e) { kn_bc_debug_block(x->r, e, kn_op(x, 1)); }

static void block_file(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DIE_TAG_PART, kn_op_die(x, 1));
  if (kn_op(x, 3)) kiln_die_set_uint(x->d, KILN_DW_AT_GNU_discriminator, kn_op(x, 3));
}

static void name_space(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DW_TAG_namespace, kn_op_die(x, 1));
  kn_at_string(x, KILN_DW_AT_name, 2);
  kn_at_flag(x, KILN_DW_AT_export_symbols, kn_op(x, 0) & 2);
}

static void module(const struct kn_node *x, kiln_die e) {
  kiln_die_begin(x->d, e, KILN_DW_TAG_module, kn_op_die(x, 2));
  kn_at_string(x, KILN_DW_AT_name, 3);
}

/* A list of the variable: see kn_bc_debug_attachment. */
static void global_expr(const struct kn_node *x, kiln_die e) {
  kiln_die var = kn_op_die(x, 1);
  kiln_die_begin_list(x->d, e, &var, 1);
  kn_bc_debug_constant(x->r, kn_op(x, 1), kn_op(x, 2));
}

/* By code of the record. */
static kn_node_entry *const entries[] = {[MD_NODE] = tuple,
                                         [MD_DISTINCT_NODE] = tuple,
                                         [MD_FILE] = file,
                                         [MD_COMPILE_UNIT] = unit,
                                         [MD_SUBPROGRAM] = subprogram,
                                         [MD_LEXICAL_BLOCK] = block,
                                         [MD_LEXICAL_BLOCK_FILE] = block_file,
                                         [MD_NAMESPACE] = name_space,
                                         [MD_GLOBAL_VAR] = global,
                                         [MD_LOCAL_VAR] = local,
                                         [MD_LABEL] = label,
                                         [MD_COMMON_BLOCK] = common_block,
                                         [MD_MODULE] = module,
                                         [MD_IMPORTED_ENTITY] = imported,
                                         [MD_GLOBAL_VAR_EXPR] = global_expr,
                                         [MD_BASIC_TYPE] = kn_bc_basic,
                                         [MD_FIXED_POINT_TYPE] = kn_bc_basic,
                                         [MD_DERIVED_TYPE] = kn_bc_derived,
                                         [MD_COMPOSITE_TYPE] = kn_bc_composite,
                                         [MD_SUBROUTINE_TYPE] = kn_bc_function_type,
                                         [MD_STRING_TYPE] = kn_bc_string_type,
                                         [MD_SUBRANGE] = kn_bc_subrange,
                                         [MD_GENERIC_SUBRANGE] = kn_bc_generic_subrange,
                                         [MD_SUBRANGE_TYPE] = kn_bc_subrange_type,
                                         [MD_ENUMERATOR] = kn_bc_enumerator,
                                         [MD_TEMPLATE_TYPE] = kn_bc_template_type,
                                         [MD_TEMPLATE_VALUE] = kn_bc_template_value};

void kn_bc_debug_node(struct kn_bc *r, uint32_t code, uint32_t id, const uint64_t *ops,
                      uint32_t n) {
  if (code >= sizeof entries / sizeof *entries || entries[code] == NULL) return;
  const struct kn_node x = {r, id > r->m->md_end ? r->fn.md.debug : r->m->md.debug, ops, n};
  entries[code](&x, kn_bc_die(r, id));
}
