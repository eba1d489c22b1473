/* The C header of a compiled module, by the rules of docs/wasm.md ("Calls"). Called by verb_compile.c. */
#include "wasm.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A header that grows; `ok` is false once memory ran out. */
struct text {
  kiln_buffer *out;
  bool ok;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...) {
  char line[512];
  va_list words;
  va_start(words, format);
  int n = vsnprintf(line, sizeof line, format, words);
  va_end(words);
  t->ok = t->ok && n >= 0 &&
          kiln_buffer_append(t->out, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) ==
            KILN_OK;
}

/* A name as C can write it: letters, digits and "_" as "__", other bytes as "_xx". */
static void put_symbol(struct text *t, const kiln_wasm_name *name) {
  for (size_t i = 0; i < name->text_length; i++) {
    uint8_t c = (uint8_t)name->text[i];
    if (c < 128 && isalnum(c)) put(t, "%c", c);
    else if (c == '_') put(t, "__");
    else put(t, "_%02x", c);
  }
}

/* A name in a comment: what could end that, or the line, as \xx. */
static void put_name(struct text *t, const kiln_wasm_name *name) {
  put(t, "\"");
  for (size_t i = 0; i < name->text_length; i++) {
    uint8_t c = (uint8_t)name->text[i];
    put(t, c < 32 || c > 126 || strchr("\"\\*/", c) != NULL ? "\\%02x" : "%c", c);
  }
  put(t, "\"");
}

static const struct {
  const char *c;
  char letter; /* as in signatures of kiln_wasmrt_define_func */
} types[KILN_WASM_TYPE_COUNT] = {
  [KILN_WASM_TYPE_NONE] = {"void", '?'},      [KILN_WASM_TYPE_I32] = {"int32_t", 'i'},
  [KILN_WASM_TYPE_I64] = {"int64_t", 'I'},    [KILN_WASM_TYPE_F32] = {"float", 'f'},
  [KILN_WASM_TYPE_F64] = {"double", 'F'},     [KILN_WASM_TYPE_V128] = {"kiln_wasm_v128", 'v'},
  [KILN_WASM_TYPE_FUNCREF] = {"void *", 'r'}, [KILN_WASM_TYPE_EXTERNREF] = {"void *", 'e'},
  [KILN_WASM_TYPE_EXNREF] = {"void *", 'x'},
};

static void put_signature(struct text *t, const kiln_wasm_functype *f) {
  for (uint32_t i = 0; i < f->n_params; i++) put(t, "%c", types[f->types[i]].letter);
  put(t, ":");
  for (uint32_t i = 0; i < f->n_results; i++) put(t, "%c", types[f->types[f->n_params + i]].letter);
}

static bool in_vector_register(uint8_t type) {
  return type == KILN_WASM_TYPE_F32 || type == KILN_WASM_TYPE_F64 || type == KILN_WASM_TYPE_V128;
}

/* Whether all parameters fit into registers, if `others` of the six for integers are taken. */
static bool all_fit(const kiln_wasm_functype *f, unsigned others) {
  uint32_t n[2] = {others, 0};
  for (uint32_t i = 0; i < f->n_params; i++) n[in_vector_register(f->types[i])]++;
  return n[0] <= 6 && n[1] <= 8;
}

static void put_prototype(struct text *t, const kiln_wasm_functype *f, const char *prefix,
                          const kiln_wasm_name *name) {
  uint8_t result = f->n_results == 1 ? f->types[f->n_params] : KILN_WASM_TYPE_NONE;
  unsigned before = 1 + (f->n_results > 1);
  bool more = !all_fit(f, before);
  unsigned used[2] = {before + more, 0};
  put(t, "%s %s", types[result].c, prefix);
  put_symbol(t, name);
  put(t, "(void *instance%s%s", f->n_results > 1 ? ", kiln_wasm_value *results" : "",
      more ? ", const kiln_wasm_value *more" : "");
  for (uint32_t i = 0; i < f->n_params; i++) {
    uint8_t type = f->types[i];
    bool vector = in_vector_register(type);
    if (used[vector]++ < (vector ? 8u : 6u)) put(t, ", %s p%u", types[type].c, i);
  }
  put(t, ");");
  if (more) put(t, " /* parameters that are not here: in more[0], more[1], ... */");
  put(t, "\n");
}

bool tool_wasm_header(kiln_buffer *out, const kiln_wasm_image *image, const char *symbol,
                      const char *prefix) {
  struct text t = {.out = out, .ok = true};
  put(
    &t,
    "/* Made by kiln compile: a module as <kiln/wasm_runtime.h> instantiates it, and its exported "
    "functions. These are\n"
    " * called with an instance's address (kiln_wasmrt_instance_address), within "
    "kiln_wasmrt_protect. */\n"
    "#include <kiln/wasm_abi.h>\n\n"
    "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
    "extern const kiln_wasm_image %s;\n",
    symbol);
  bool vectors = false;
  for (uint32_t i = 0; i < image->n_types; i++)
    for (uint32_t k = 0; k < image->types[i].n_params + image->types[i].n_results; k++)
      vectors |= image->types[i].types[k] == KILN_WASM_TYPE_V128;
  if (vectors) put(&t, "typedef uint8_t kiln_wasm_v128 __attribute__((vector_size(16)));\n");
  put(&t, "\n");
  for (uint32_t i = 0; i < image->n_exports; i++) {
    const kiln_wasm_export *e = image->exports + i;
    static const char *const kinds[] = {"function", "table", "memory", "global", "tag"};
    if (e->kind == KILN_WASM_FUNC && e->index >= image->n_imported_funcs) {
      put_prototype(&t, image->types + image->funcs[e->index].type, prefix, &e->name);
    } else {
      put(&t, "/* %s ", kinds[e->kind]);
      put_name(&t, &e->name);
      put(&t, " */\n");
    }
  }
  if (image->n_imports > 0)
    put(&t, "\n/* What it imports: functions with their signatures for kiln_wasmrt_define_func\n");
  for (uint32_t i = 0; i < image->n_imports; i++) {
    const kiln_wasm_import *m = image->imports + i;
    static const char *const kinds[] = {"", " table", " memory", " global", " tag"};
    put(&t, " *   ");
    put_name(&t, &m->module);
    put(&t, " ");
    put_name(&t, &m->name);
    put(&t, "%s ", kinds[m->kind]);
    if (m->kind == KILN_WASM_FUNC) put_signature(&t, image->types + image->funcs[m->index].type);
    put(&t, "\n");
  }
  put(&t, "%s\n#ifdef __cplusplus\n}\n#endif\n", image->n_imports > 0 ? " */\n" : "");
  return t.ok;
}
