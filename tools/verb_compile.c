/* `kiln compile`: inputs to objects. The whole of an object is in memory before a byte of it is written, so that an
 * output file exists only when it is complete. */
#include "system.h"
#include "options.h"
#include "report.h"
#include "settings.h"
#include "trace.h"
#include "wasm.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flags {
  struct tool_reading how;
  struct tool_inlining inlining;
  unsigned threads;
  const char *out;    /* NULL: derived from the input's name */
  bool split;         /* debug information goes to a .dwo file */
  const char *header; /* for C, of WebAssembly; NULL: none */
  struct tool_trace *trace;
  struct tool_words words;
};

/* ---- options ---- */

static int parse_pic(const char *word, kiln_pic *out) {
  static const char *const names[KILN_PIC_COUNT] = {"full", "pie", "static"};
  for (unsigned i = 0; i < KILN_PIC_COUNT; i++) {
    if (strcmp(word, names[i]) == 0) {
      *out = (kiln_pic)i;
      return TOOL_OK;
    }
  }
  return tool_bad_value(OPTION_PIC, word, "full, pie or static");
}

static int parse_decoder(const char *word, kiln_llvm_decoder *out) {
  if (strcmp(word, "plain") == 0) *out = KILN_LLVM_DECODER_PLAIN;
  else if (strcmp(word, "pext") == 0) *out = KILN_LLVM_DECODER_PEXT;
  else return tool_bad_value(OPTION_DECODER, word, "plain or pext");
  return TOOL_OK;
}

/* Takes the next of the names between commas; false at the end. */
static bool next_name(const char **at, char name[32]) {
  size_t n = strcspn(*at, ",");
  if (**at == 0) return false;
  snprintf(name, 32, "%.*s", (int)n, *at);
  *at += n + ((*at)[n] != 0);
  return true;
}

/* Names of other targets' features have no effect. */
static int parse_features(const char *words, uint64_t *out) {
  char name[32];
  while (next_name(&words, name)) {
    uint64_t bit = 0;
    for (unsigned t = 1; t < KILN_PROCESSOR_COUNT && !bit; t++)
      kiln_feature_find((kiln_processor)t, name, &bit);
    if (!bit)
      return tool_bad_value(OPTION_FEATURES, name,
                            "`kiln compile --help` lists those that there are");
    *out |= bit;
  }
  return TOOL_OK;
}

/* Proposals of WebAssembly, to bits. */
static int parse_refuse(const char *words, uint32_t *bits) {
  static const struct {
    const char *name;
    uint32_t bit;
  } rows[] = {{"tail-call", KILN_WASM_TAIL_CALLS},
              {"exceptions", KILN_WASM_EXCEPTIONS},
              {"memory64", KILN_WASM_MEMORY64},
              {"multi-memory", KILN_WASM_MULTI_MEMORY},
              {"extended-const", KILN_WASM_EXTENDED_CONST},
              {"relaxed-simd", KILN_WASM_RELAXED_SIMD},
              {"threads", KILN_WASM_THREADS}};
  char name[32];
  while (next_name(&words, name)) {
    size_t i = 0;
    while (i < sizeof rows / sizeof *rows && strcmp(rows[i].name, name) != 0) i++;
    if (i == sizeof rows / sizeof *rows)
      return tool_bad_value(OPTION_REFUSE, name, "`kiln compile --help` lists the proposals");
    *bits |= rows[i].bit;
  }
  return TOOL_OK;
}

static int parse_seed(const char *word, uint64_t *out) {
  if (tool_stress_parse(word, out)) return TOOL_OK;
  return tool_bad_value(OPTION_STRESS, word, "a decimal number other than 0");
}

/* Options of WebAssembly; else as tool_trace_flag. */
static int parse_wasm(struct flags *f, int option, const char *value) {
  kiln_wasm_options *wasm = &f->how.wasm;
  switch (option) {
  case OPTION_HEADER: f->header = value; return TOOL_OK;
  case OPTION_IMAGE: wasm->image = value; return TOOL_OK;
  case OPTION_PREFIX: wasm->prefix = value; return TOOL_OK;
  case OPTION_DEBUG: wasm->flags |= KILN_WASM_DEBUG; return TOOL_OK;
  case OPTION_COUNT_FUEL: wasm->flags |= KILN_WASM_FUEL; return TOOL_OK;
  case OPTION_INTERRUPT: wasm->flags |= KILN_WASM_INTERRUPT; return TOOL_OK;
  case OPTION_CHECKED: wasm->flags |= KILN_WASM_CHECKED; return TOOL_OK;
  case OPTION_REFUSE: return parse_refuse(value, &wasm->refuse);
  default: return tool_trace_flag(f->trace, option, value);
  }
}

static int parse_flags(struct flags *f) {
  struct tool_words *w = &f->words;
  kiln_module_options *options = &f->how.module;
  int bad = TOOL_OK;
  for (int o; bad == TOOL_OK && (o = tool_words_next(w)) != WORDS_END;) {
    switch (o) {
    case OPTION_TARGET:
      bad = tool_parse_target(w->value, &options->target);
      f->how.target_given = true;
      break;
    case OPTION_PIC: bad = parse_pic(w->value, &options->pic); break;
    case OPTION_FEATURES: bad = parse_features(w->value, &options->features); break;
    case OPTION_FUNCTION_SECTIONS: options->function_sections = true; break;
    case OPTION_DATA_SECTIONS: options->data_sections = true; break;
    case OPTION_ARANGES: options->aranges = true; break;
    case OPTION_SPLIT_DWARF: f->split = true; break;
    case OPTION_VERIFY: options->verify = true; break;
    case OPTION_INLINE: bad = tool_parse_inline(w->value, &f->inlining); break;
    case OPTION_STATS: tool_report_request(w->value); break;
    case OPTION_THREADS: bad = tool_parse_threads(w->value, &f->threads); break;
    case OPTION_STRESS: bad = parse_seed(w->value, &options->stress_seed); break;
    case OPTION_DECODER: bad = parse_decoder(w->value, &f->how.llvm.decoder); break;
    case OPTION_OUT: f->out = w->value; break;
    case WORDS_STOP: return WORDS_STOP;
    default: bad = parse_wasm(f, o, w->value);
    }
  }
  if (bad == TOOL_OK) bad = tool_words_count(w, INT_MAX);
  if (bad != TOOL_OK) return bad;
  if (w->n_inputs > 1 && (f->out != NULL || f->header != NULL))
    return tool_usage("%s names 1 file, and there are %d inputs",
                      f->out != NULL ? "-o" : "--header", w->n_inputs);
  if (f->split && f->out != NULL && strcmp(f->out, "-") == 0)
    return tool_usage("--split-dwarf needs a file as output");
  if (f->inlining.what != KILN_INLINING_OFF && tool_trace_each(f->trace))
    return tool_usage(
      "--inline cannot be combined with --listing, --only or a --dump other than --dump=witness");
  return TOOL_OK;
}

/* ---- compiling ---- */

/* As tool_module_compile, in one session, each function shown. */
static kiln_status compile_traced(struct tool_compiled *c, struct tool_trace *trace,
                                  struct tool_module *t, const struct tool_input *in) {
  *c = (struct tool_compiled){.n = 0};
  if (!tool_trace_each(trace)) {
    bool begun = tool_trace_begin(trace, t->session);
    return begun ? tool_module_compile(c, t, in, 1, false) : KILN_ERR_MEMORY;
  }
  c->sessions = calloc(1, sizeof *c->sessions);
  if (c->sessions == NULL || !tool_trace_begin(trace, t->session)) return KILN_ERR_MEMORY;
  c->sessions[c->n++] = t->session;
  uint64_t start = tool_now_ns();
  kiln_status s = tool_module_read(t, in, tool_trace_func, trace, &c->instructions);
  c->work_ns = tool_now_ns() - start;
  return s;
}

/* The C header that --header requests, into an empty buffer. False if memory runs out. */
static bool make_header(const struct flags *f, const struct tool_module *t, kiln_buffer *header) {
  const char *image = f->how.wasm.image, *prefix = f->how.wasm.prefix;
  if (f->header == NULL || tool_wasm_header(header, kiln_wasm_describe(t->wasm),
                                            image != NULL ? image : "kiln_wasm_module",
                                            prefix != NULL ? prefix : "wasm_"))
    return true;
  tool_error("%s", kiln_status_name(KILN_ERR_MEMORY));
  return false;
}

/* Inputs of this size take memory that debugging information can have while it is written. */
enum { LARGE_BYTES = 1 << 20 };

/* Compiles one input and writes its object to `out`. */
static bool compile(const struct flags *f, const struct tool_input *in, const char *out) {
  struct tool_reading how = f->how;
  how.module.borrow_strings = true; /* the input is closed last */
  struct tool_module t;
  if (!tool_module_open(&t, in, &how)) return false;

  tool_inlining_set(t.module, &f->inlining);
  struct tool_compiled c = {0};
  kiln_buffer header = {0}, dwo = {0};
  char *dwo_name = f->split ? tool_dwo_name(out) : NULL;
  kiln_module_attrs attrs = kiln_module_get_attrs(t.module);
  attrs.dwo_name = dwo_name;
  if (dwo_name != NULL) kiln_module_set_attrs(t.module, &attrs);
  uint64_t start = tool_now_ns(), cpu = tool_cpu_ns();
  bool traced = tool_trace_wanted(f->trace);
  kiln_status s = traced ? compile_traced(&c, f->trace, &t, in)
                         : tool_module_compile(&c, &t, in, f->threads, tool_report_wanted());
  if (s == KILN_OK && in->size >= LARGE_BYTES && in->language != TOOL_WASM) tool_input_done(in);
  uint64_t read = tool_now_ns();
  if (s == KILN_OK && dwo_name != NULL)
    s = kiln_emit_elf_split(t.module, c.sessions, c.n, &c.object, &dwo);
  else if (s == KILN_OK) s = kiln_emit_object(t.module, c.sessions, c.n, &c.object);
  struct tool_report report = {.in = in,
                               .compiled = &c,
                               .stats = tool_compiled_stats(&c),
                               .object_bytes = c.object.size,
                               .object_ns = tool_now_ns() - read,
                               .cpu_ns = tool_cpu_ns() - cpu};
  if (s != KILN_OK) tool_module_report(&t, in, s);
  bool ok = s == KILN_OK && make_header(f, &t, &header);
  if (!traced) tool_compiled_done(&c, &t);

  uint64_t end = tool_now_ns();
  ok = ok && tool_output_write_then(out, c.object.data, c.object.size,
                                    traced ? NULL : tool_compiled_written, &c);
  if (ok && dwo_name != NULL) ok = tool_output_write(dwo_name, dwo.data, dwo.size);
  if (ok && f->header != NULL) ok = tool_output_write(f->header, header.data, header.size);
  if (traced) ok &= tool_trace_end(f->trace, in->path, ok ? &c.object : NULL);
  report.write_ns = tool_now_ns() - end;
  report.all_ns = tool_now_ns() - start;
  if (ok) ok = tool_report(&report);
  kiln_buffer_free(&header);
  kiln_buffer_free(&dwo);
  free(dwo_name);
  tool_compiled_free(&c);
  tool_module_close(&t);
  return ok;
}

/* Bitcode is often in a file INPUT.o, of which no object of that name is made unless -o says so. */
static bool check_derived(const char *path, const char *out) {
  if (!tool_system_same_file(path, out)) return true;
  tool_error("%s: the object would overwrite its input; name the object with -o", path);
  return false;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* TOOL_OK if the names of objects, which are derived from those of inputs, differ; else the exit status after a
 * message. */
static int check_outputs(const struct tool_words *w) {
  size_t n = 0, i = 1;
  char **names = calloc((size_t)w->n_inputs, sizeof *names);
  for (int k = 0; k < w->n_inputs && names != NULL; k++)
    if (strcmp(w->inputs[k], "-") != 0 && (names[n] = tool_derived_name(w->inputs[k])) != NULL) n++;
  if (n > 1) qsort(names, n, sizeof *names, by_text);
  while (i < n && strcmp(names[i - 1], names[i]) != 0) i++;
  int status = TOOL_OK;
  if (i < n) status = tool_usage("2 inputs would both be compiled to %s", names[i]);
  for (i = 0; i < n; i++) free(names[i]);
  free(names);
  return status;
}

static bool compile_path(const struct flags *f, const char *path) {
  struct tool_input in;
  if (!tool_input_open(&in, path, &f->words)) return false;
  char *derived = NULL;
  const char *out = f->out;
  if (out == NULL && strcmp(path, "-") == 0) out = "-";
  if (out == NULL) out = derived = tool_derived_name(path);
  bool derivable = derived == NULL || check_derived(path, derived);
  /* an input that no module is read from has a better message */
  bool ok = out != NULL && derivable &&
            (in.language >= TOOL_OBJECT || tool_words_fit(&f->words, 1u << in.language, &in)) &&
            compile(f, &in, out);
  free(derived);
  tool_input_close(&in);
  return ok;
}

int verb_compile(int argc, char **argv) {
  struct tool_trace trace = {0};
  struct flags f = {.threads = 1, .trace = &trace};
  tool_words_begin(&f.words, VERB_COMPILE, argc, argv);
  int bad = parse_flags(&f);
  if (bad == WORDS_STOP) return f.words.status;
  if (bad == TOOL_OK) bad = check_outputs(&f.words);
  if (bad == TOOL_OK) bad = tool_report_begin();
  if (bad == TOOL_OK) bad = tool_trace_open(&trace, f.out, f.header);
  if (bad != TOOL_OK) return bad;
  if (f.how.module.stress_seed != 0)
    fprintf(stderr, "kiln: stress seed %" PRIu64 "\n", f.how.module.stress_seed);
  bool ok = true;
  for (int i = 0; i < f.words.n_inputs; i++) ok &= compile_path(&f, f.words.inputs[i]);
  ok = ok && tool_report_end();
  ok &= tool_trace_close(&trace);
  return ok ? TOOL_OK : TOOL_FAILED;
}
