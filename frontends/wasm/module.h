/* A module as the reader knows it once all but its functions' bodies is read. Nothing in it changes while bodies are
 * read, perhaps by several threads. */
#ifndef KN_WASM_MODULE_H
#define KN_WASM_MODULE_H

#include "input.h"

/* The limits of wasmparser, which those of web browsers are, too: what is beyond is KILN_ERR_LIMIT. */
enum {
  KN_WASM_MAX_TYPES = 1000000,
  KN_WASM_MAX_ENTITIES = 1000000, /* functions, globals, tags, imports, exports */
  KN_WASM_MAX_SEGMENTS = 100000,
  KN_WASM_MAX_TABLES = 100000,
  KN_WASM_MAX_MEMORIES = 100,
  KN_WASM_MAX_PARAMS = 1000,
  KN_WASM_MAX_RESULTS = 1000,
  KN_WASM_MAX_LOCALS = 50000,
  /* Locals of a function, and operands that its branches, calls and blocks pass: this many, and so many for each of its
   * bytes. */
  KN_WASM_PASSED = 10000,
  KN_WASM_PASSED_PER_BYTE = 8,
  KN_WASM_MAX_NAME = 100000,
  KN_WASM_MAX_BODY = 7654321,
  KN_WASM_MAX_ELEMENTS = 10000000
};

/* Functions that compiled code calls: kiln_wasmrt_NAME, by the letters of its results, then of its parameters after
 * the instance: w i32, x i64, n that nothing returns. */
#define KN_WASM_HELPERS(X)                                                                         \
  X(TRAP, trap, "n", "w")                                                                          \
  X(MEMORY_GROW, memory_grow, "x", "wx")                                                           \
  X(MEMORY_FILL, memory_fill, "", "wxwx")                                                          \
  X(MEMORY_COPY, memory_copy, "", "wwxxx")                                                         \
  X(MEMORY_INIT, memory_init, "", "wwxww")                                                         \
  X(DATA_DROP, data_drop, "", "w")                                                                 \
  X(TABLE_GROW, table_grow, "x", "wxx")                                                            \
  X(TABLE_FILL, table_fill, "", "wxxx")                                                            \
  X(TABLE_COPY, table_copy, "", "wwxxx")                                                           \
  X(TABLE_INIT, table_init, "", "wwxww")                                                           \
  X(ELEM_DROP, elem_drop, "", "w")                                                                 \
  X(ATOMIC_NOTIFY, atomic_notify, "w", "wxw")                                                      \
  X(ATOMIC_WAIT32, atomic_wait32, "w", "wxwx")                                                     \
  X(ATOMIC_WAIT64, atomic_wait64, "w", "wxxx")                                                     \
  X(EXN_NEW, exn_new, "x", "xw")                                                                   \
  X(THROW, throw, "n", "x")                                                                        \
  X(EXN_DROP, exn_drop, "", "x")                                                                   \
  X(OUT_OF_FUEL, out_of_fuel, "", "")

enum kn_wasm_helper {
#define HELPER(E, name, results, params) KN_WASM_HELPER_##E,
  KN_WASM_HELPERS(HELPER)
#undef HELPER
    KN_WASM_HELPER_COUNT
};

/* A function type, and how functions of it are called (docs/wasm.md). */
struct kn_wasm_type {
  const uint8_t *types; /* kiln_wasm_type: parameters, then results */
  uint32_t n_params, n_results;
  uint32_t n_more;  /* parameters that are in memory */
  uint32_t general; /* general registers that parameters of the type have, if n_more is not 0 */
  kiln_sig sig;
  bool entered;         /* has an `entry` function: something that is referred to has this type */
  bool hosted;          /* has a `host` function: an import has this type */
  uint32_t entry, host; /* symbols of these, or 0 */
};

struct kn_wasm_func {
  uint32_t type;
  int32_t slot;        /* of its kiln_wasm_func in the instance, or 0 */
  bool referred;       /* may have one: ref.func is allowed */
  const uint8_t *body; /* locals and code; NULL: imported */
  uint32_t body_bytes;
  kiln_symbol symbol;   /* id 0: imported */
  uint32_t export_name; /* index + 1 of its first export, or 0 */
  kiln_wasm_name name;
};

struct kn_wasm_global {
  uint8_t type; /* kiln_wasm_type */
  bool is_mutable, imported;
  int32_t slot;
  kiln_wasm_const init;
};

struct kn_wasm_table {
  kiln_wasm_limits limits;
  uint8_t type;
  bool imported;
  int32_t slot;
  kiln_wasm_const init;
};

struct kn_wasm_memory {
  kiln_wasm_limits limits;
  bool imported;
  bool checked; /* code compares addresses with the size */
  int32_t slot, base_slot;
};

struct kn_wasm_tag {
  uint32_t type;
  int32_t slot;
};

struct kn_wasm_elem {
  kiln_wasm_image_elem image;
};

/* An array in the arena: its final size is known when it is made. */
#define KN_WASM_TABLE(type, name)                                                                  \
  type *name;                                                                                      \
  uint32_t n_##name

struct kn_wasm_chunk;
struct kn_wasm_lines;

struct kiln_wasm {
  struct kn_wasm_in in; /* of the reading thread, while the module is read */
  kiln_module *module;
  kiln_processor target;
  kiln_allocator allocator;
  struct kn_wasm_chunk *chunks; /* the arena */
  uint8_t *room, *room_end;
  const uint8_t *bytes;
  size_t size_bytes;
  kiln_wasm_options options;

  KN_WASM_TABLE(struct kn_wasm_type, types);
  KN_WASM_TABLE(struct kn_wasm_func, funcs);
  KN_WASM_TABLE(struct kn_wasm_table, tables);
  KN_WASM_TABLE(struct kn_wasm_memory, memories);
  KN_WASM_TABLE(struct kn_wasm_global, globals);
  KN_WASM_TABLE(struct kn_wasm_tag, tags);
  KN_WASM_TABLE(kiln_wasm_import, imports);
  KN_WASM_TABLE(kiln_wasm_export, exports);
  KN_WASM_TABLE(kiln_wasm_image_elem, elems);
  KN_WASM_TABLE(kiln_wasm_image_data, datas);
  KN_WASM_TABLE(kiln_wasm_custom, customs);
  uint32_t n_imported[KILN_WASM_KIND_COUNT];
  uint32_t n_bodies;
  uint32_t start;      /* function, or UINT32_MAX */
  uint32_t data_count; /* of the section; UINT32_MAX: there is none */
  kiln_wasm_name name;

  bool tears;     /* kn_wasm_stores_tear */
  bool at_memory; /* KILN_WASM_IMAGE_AT_MEMORY */
  uint64_t instance_bytes;
  int32_t type_ids_slot, more_slot; /* in the instance */
  KN_WASM_TABLE(
    uint32_t,
    extra); /* types whose entry functions are made, then those whose host functions are */
  uint32_t n_entries; /* of `extra`: entry functions */

  kiln_symbol helpers[KN_WASM_HELPER_COUNT];
  kiln_sig helper_sigs[KN_WASM_HELPER_COUNT];
  kiln_symbol caught, personality;
  kiln_sig caught_sig, entry_sig, host_call_sig;
  kiln_wasm_image image; /* as kiln_wasm_describe gives it */
  uint32_t max_results;  /* of all types */

  const uint8_t
    *code_section; /* its content: addresses of debugging information count from there */
  const struct kn_wasm_lines *lines; /* NULL: none, or not wanted */
  const char *note;                  /* what was ignored, or NULL */
};

/* The builder's type of a kiln_wasm_type. */
static inline kiln_type kn_wasm_builder_type(unsigned type) {
  static const uint8_t types[KILN_WASM_TYPE_COUNT] = {KILN_TYPE_VOID, KILN_TYPE_I32, KILN_TYPE_I64,
                                                      KILN_TYPE_F32,  KILN_TYPE_F64, KILN_TYPE_V128,
                                                      KILN_TYPE_I64,  KILN_TYPE_I64, KILN_TYPE_I64};
  return (kiln_type)types[type];
}

/* Zeroed memory that lives as long as the reader. Fails with KILN_ERR_MEMORY. */
void *kn_wasm_alloc(kiln_wasm *w, uint64_t size_bytes);

/* Reads a number in a place where 64-bit memories and tables have 64 bits. Where that proposal is taken, those of
 * 32-bit ones may be as long. */
static inline uint64_t kn_wasm_size(const kiln_wasm *w, struct kn_wasm_in *in) {
  return w->options.refuse & KILN_WASM_MEMORY64 ? kn_wasm_u32(in) : kn_wasm_u64(in);
}

/* Reads a type of values; fails with `what` if it is none. */
uint8_t kn_wasm_value_type(const kiln_wasm *w, struct kn_wasm_in *in);
uint8_t kn_wasm_heap_type(const kiln_wasm *w, struct kn_wasm_in *in);
uint8_t kn_wasm_ref_type(const kiln_wasm *w, struct kn_wasm_in *in);
const char *kn_wasm_type_name(unsigned type);

/* Refuses a proposal by name if the options say so. */
void kn_wasm_need(const kiln_wasm *w, struct kn_wasm_in *in, const uint8_t *at, uint32_t proposal);

/* sections.c: all sections. types.c: functions' types and signatures. */
void kn_wasm_read_sections(kiln_wasm *w);
void kn_wasm_read_types(kiln_wasm *w, struct kn_wasm_in *in);
void kn_wasm_make_sigs(kiln_wasm *w);
bool kn_wasm_same_types(const uint8_t *a, uint32_t n_a, const uint8_t *b, uint32_t n_b);

/* Reads a constant expression of type `type`. */
kiln_wasm_const kn_wasm_read_const(kiln_wasm *w, struct kn_wasm_in *in, uint8_t type);

/* Reads the section of names; what is wrong there is ignored. */
void kn_wasm_read_names(kiln_wasm *w, const kiln_wasm_custom *section);

/* What people call a function: its name, or that of its first export; empty: neither. */
kiln_wasm_name kn_wasm_func_label(const kiln_wasm *w, uint32_t index);

/* lines.c: reads the module's sections of debugging information into w->lines; what is wrong there is ignored, and
 * noted. */
void kn_wasm_read_lines(kiln_wasm *w);

/* Lays the instance out, declares functions, defines the image. */
void kn_wasm_layout(kiln_wasm *w);
void kn_wasm_define_image(kiln_wasm *w);

/* The message of an error, with its place. */
void kn_wasm_diag(const struct kn_wasm_in *in, kiln_diag *d);

#endif
