/* The .kir tests on the interpreter: instead of an object, C source with stand-ins is written, symbols that the
 * program can link with. Functions jump to what the interpreter gives for them, data is where the interpreter puts
 * it. tests/kir/kir_interp_host.c is the other half, in the program. */
#include "kir_run.h"

struct names {
  struct kir_file *file;
  kiln_symbol *bodies;
  size_t n_bodies;
};

static kiln_status sink(void *user, kiln_func *f) {
  struct names *n = user;
  n->bodies = realloc(n->bodies, (n->n_bodies + 1) * sizeof *n->bodies);
  if (!n->bodies) abort();
  n->bodies[n->n_bodies++] = kiln_func_symbol(f);
  kiln_func_discard(f);
  return KILN_OK;
}

static void on_diag(void *user, const kiln_diag *d) {
  char line[700];
  (void)user;
  kiln_diag_format(d, line, sizeof line);
  kir_note("%s", line);
}

static bool has_body(const struct names *n, uint32_t id) {
  for (size_t i = 0; i < n->n_bodies; i++) {
    if (n->bodies[i].id == id) return true;
  }
  return false;
}

static bool is_local(const kiln_symbol_desc *d) {
  return d->linkage == KILN_LINKAGE_INTERNAL || d->linkage == KILN_LINKAGE_PRIVATE;
}

/* Writes an assembler directive for the symbol's binding, if it needs one. */
static void write_binding(FILE *out, const kiln_symbol_desc *d) {
  if (is_local(d)) return;
  fprintf(out, "%s \\\"%s\\\"\\n", d->linkage == KILN_LINKAGE_EXTERNAL ? ".globl" : ".weak",
          d->name);
}

static void write_function(FILE *out, size_t file, uint32_t id, const kiln_symbol_desc *d) {
  fprintf(out, "__attribute__((visibility(\"hidden\"), used)) void *kir_p%zu_%u;\n", file, id);
  fprintf(out, "__asm__(\".text\\n");
  write_binding(out, d);
  fprintf(out, ".type \\\"%s\\\",%%function\\n\\\"%s\\\": \" KIR_JUMP(\"kir_p%zu_%u\"));\n",
          d->name, d->name, file, id);
}

static void write_data(FILE *out, size_t file, uint32_t id, const kiln_symbol_desc *d,
                       const kiln_data_desc *data) {
  bool tls = d->tls != KILN_TLS_NONE;
  fprintf(out, "__asm__(\".section %s,\\\"aw%s\\\"\\n",
          tls          ? ".tdata"
          : d->section ? d->section
                       : ".data",
          tls ? "T" : "");
  write_binding(out, d);
  fprintf(out, ".type \\\"%s\\\",%%%sobject\\n.balign %u\\n\\\"%s\\\":\\n", d->name,
          tls ? "tls_" : "", 1u << data->align_log2, d->name);
  const uint8_t *bytes = tls ? data->bytes : NULL; /* other data is filled by the interpreter */
  for (uint64_t i = 0; bytes && i < data->size_bytes; i++) fprintf(out, ".byte %u\\n", bytes[i]);
  if (!bytes) fprintf(out, ".zero %llu\\n", (unsigned long long)data->size_bytes);
  fprintf(out, ".text\\n\");\nextern %schar kir_d%zu_%u[] __asm__(\"%s\");\n",
          tls ? "_Thread_local " : "", file, id, d->name);
  fprintf(out, "static void *kir_g%zu_%u(void) { return kir_d%zu_%u; }\n", file, id, file, id);
}

/* An alias of data is a place in it (which must not be internal); of a function, a stand-in of its own. */
static bool write_alias(FILE *out, const kiln_module *m, const struct names *n, size_t file,
                        uint32_t id, const kiln_symbol_info *alias) {
  kiln_symbol_info s = *alias;
  uint32_t target = id;
  long long offset = 0;
  while (s.kind == KILN_SYMBOL_ALIAS) {
    offset += s.offset_bytes;
    target = s.target.id;
    s = kiln_symbol_get(m, s.target);
  }
  if (has_body(n, target)) {
    write_function(out, file, id, &alias->desc);
    return true;
  }
  fprintf(out, "__asm__(\"");
  write_binding(out, &alias->desc);
  fprintf(out, ".set \\\"%s\\\", \\\"%s\\\"+%lld\\n\");\n", alias->desc.name, s.desc.name, offset);
  return false;
}

static const char of_c[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$.";

static void write_symbols(FILE *out, FILE *rows, const kiln_module *m, const struct names *n,
                          size_t file) {
  for (uint32_t id = 1; id <= kiln_symbol_count(m); id++) {
    kiln_symbol_info s = kiln_symbol_get(m, (kiln_symbol){id});
    kiln_data_desc data;
    /* C cannot ask for other names. */
    if (!s.desc.name || !*s.desc.name || s.desc.name[strspn(s.desc.name, of_c)]) continue;
    if (kiln_data_find(m, (kiln_symbol){id}, &data)) {
      if (is_local(&s.desc))
        continue; /* the interpreter places it, near the data that it refers to */
      write_data(out, file, id, &s.desc, &data);
      fprintf(rows, "  {\"%s\", 0, kir_g%zu_%u},\n", s.desc.name, file, id);
      continue;
    }
    bool function = has_body(n, id);
    if (function) write_function(out, file, id, &s.desc);
    else if (s.kind == KILN_SYMBOL_ALIAS) function = write_alias(out, m, n, file, id, &s);
    if (function) fprintf(rows, "  {\"%s\", &kir_p%zu_%u, 0},\n", s.desc.name, file, id);
  }
}

bool kir_write_stubs(struct kir_file *f, size_t index, kiln_processor target, const char *text_path,
                     const char *path) {
  struct names n = {.file = f};
  kiln_module_options o = {.target.processor = target, .name = f->name, .on_diag = on_diag};
  kiln_module *m = kiln_module_new(&o);
  kiln_session *s = m ? kiln_session_new(m) : NULL;
  FILE *text = fopen(text_path, "wb"), *out = fopen(path, "w");
  bool ok = s && text && out && fwrite(f->text, 1, f->size, text) == f->size &&
            kiln_text_read(s, f->text, f->size, sink, &n) == KILN_OK;
  if (text) ok &= fclose(text) == 0;
  if (ok) {
    char *rows = NULL;
    size_t size = 0;
    FILE *table = open_memstream(&rows, &size);
    fprintf(
      out,
      "#ifdef __aarch64__\n"
      "#define KIR_JUMP(to) \"adrp x16, \" to \"\\nldr x16, [x16, :lo12:\" to \"]\\nbr x16\\n\"\n"
      "#else\n"
      "#define KIR_JUMP(to) \"jmp *\" to \"(%%rip)\\n\"\n"
      "#endif\n"
      "struct kir_entry { const char *name; void **pointer; void *(*data)(void); };\n"
      "void kir_interp_load(const char *, unsigned, const struct kir_entry *, unsigned);\n");
    write_symbols(out, table, m, &n, index);
    fclose(table);
    fprintf(out,
            "static const struct kir_entry kir_entries[] = {\n%s  {0, 0, 0}};\n"
            "__attribute__((constructor)) static void kir_load(void) {\n"
            "  kir_interp_load(\"%s\", %uu, kir_entries,\n"
            "                  sizeof kir_entries / sizeof *kir_entries - 1);\n"
            "}\n",
            rows, text_path, (unsigned)f->features);
    free(rows);
    kir_read_sigs(f, m);
  }
  if (out) ok &= fclose(out) == 0;
  if (s) kiln_session_free(s);
  kiln_module_free(m);
  free(n.bodies);
  return ok;
}
