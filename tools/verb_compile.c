/* `kiln compile` and `kiln qbe`: inputs to ELF objects. The whole of an object is in memory before a byte of it is
 * written, so that an output file exists only when it is complete. */
#include "options.h"
#include "threads.h"
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct flags {
  kiln_module_options options;
  struct tool_inlining inlining;
  bool target_given, time, stats, qbe;
  unsigned threads;
  const char *out; /* NULL: derived from the input's name */
  struct tool_trace *trace;
};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int parse_pic(const char *word, kiln_pic *out) {
  static const char *const names[KILN_PIC_COUNT] = {"full", "pie", "static"};
  for (unsigned i = 0; i < KILN_PIC_COUNT; i++) {
    if (strcmp(word, names[i]) == 0) {
      *out = (kiln_pic)i;
      return TOOL_OK;
    }
  }
  return tool_usage("unknown PIC model '%s'", word);
}

/* Parses names separated by commas; those of other targets have no effect. */
static int parse_features(const char *words, uint32_t *out) {
  for (const char *p = words; *p;) {
    char name[32];
    size_t n = strcspn(p, ",");
    uint32_t bit = 0;
    snprintf(name, sizeof name, "%.*s", (int)n, p);
    for (unsigned t = 1; t < KILN_PROCESSOR_COUNT && !bit; t++)
      kiln_feature_find((kiln_processor)t, name, &bit);
    if (!bit) return tool_usage("unknown feature '%s'", name);
    *out |= bit;
    p += n + (p[n] != 0);
  }
  return TOOL_OK;
}

static int parse_seed(const char *word, uint64_t *out) {
  char *end;
  errno = 0;
  *out = strtoull(word, &end, 0);
  if (end == word || *end != 0 || errno != 0 || *out == 0) {
    return tool_usage("bad seed '%s': it must be a number other than 0", word);
  }
  return TOOL_OK;
}

static int parse_flags(struct tool_words *w, struct flags *f) {
  int bad = TOOL_OK;
  for (int o; bad == TOOL_OK && (o = tool_words_next(w)) != WORDS_END;) {
    switch (o) {
    case OPTION_TARGET:
      bad = tool_parse_target(w->value, &f->options.target);
      f->target_given = true;
      break;
    case OPTION_PIC: bad = parse_pic(w->value, &f->options.pic); break;
    case OPTION_FEATURES: bad = parse_features(w->value, &f->options.features); break;
    case OPTION_FUNCTION_SECTIONS: f->options.function_sections = true; break;
    case OPTION_DATA_SECTIONS: f->options.data_sections = true; break;
    case OPTION_ARANGES: f->options.aranges = true; break;
    case OPTION_VERIFY: f->options.verify = true; break;
    case OPTION_INLINE: bad = tool_parse_inline(w->value, &f->inlining); break;
    case OPTION_TIME: f->time = true; break;
    case OPTION_STATS: f->stats = true; break;
    case OPTION_THREADS: bad = tool_parse_threads(w->value, &f->threads); break;
    case OPTION_STRESS: bad = parse_seed(w->value, &f->options.stress_seed); break;
    case OPTION_OUT: f->out = w->value; break;
    case WORDS_STOP: return WORDS_STOP;
    default: bad = tool_trace_flag(f->trace, o, w->value);
    }
  }
  if (bad != TOOL_OK) return bad;
  if (w->n_inputs == 0 && !f->qbe) return tool_usage("no input");
  if (f->out != NULL && w->n_inputs > 1) return tool_usage("-o with more than one input");
  return TOOL_OK;
}

/* The times of the bodies, `c->work_ns`, `s->plan_ns` and `s->walk_ns`, are of all threads together. */
static void print_times(const char *path, const struct tool_compiled *c,
                        const kiln_compile_stats *s, uint64_t object_ns, uint64_t write_ns,
                        uint64_t all_ns) {
  uint64_t instructions = c->instructions > 0 ? c->instructions : s->instructions;
  struct {
    const char *name;
    uint64_t ns;
  } rows[] = {
    {"declarations", c->serial_ns},
    {"read and build", c->work_ns - s->plan_ns - s->walk_ns},
    {"plan", s->plan_ns},
    {"walk", s->walk_ns},
    {"object", object_ns},
    {"write", write_ns},
    {"all", all_ns},
  };
  fprintf(stderr, "%s: time\n", path);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fprintf(stderr, "  %-15s %10.3f ms", rows[i].name, (double)rows[i].ns / 1e6);
    if (instructions > 0) {
      fprintf(stderr, " %8.1f ns per instruction", (double)rows[i].ns / (double)instructions);
    }
    fputc('\n', stderr);
  }
}

static void print_stats(const struct tool_input *in, const kiln_compile_stats *s, uint64_t input,
                        size_t object_bytes) {
  const char *what = in->qbe ? "QBE instructions" : "LLVM instructions";
  fprintf(stderr, "%s: stats\n", in->path);
  if (input > 0) fprintf(stderr, "  %-20s %10" PRIu64 "\n", what, input);
  struct {
    const char *name;
    uint64_t n;
  } rows[] = {
    {"functions", s->functions},       {"blocks", s->blocks},
    {"instructions", s->instructions}, {"spills", s->spills},
    {"code bytes", s->code_bytes},     {"data bytes", s->data_bytes},
    {"object bytes", object_bytes},    {"session bytes", s->memory_bytes},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fprintf(stderr, "  %-20s %10" PRIu64 "\n", rows[i].name, rows[i].n);
  }
}

/* As tool_module_compile, one function after the other, each shown. */
static kiln_status compile_traced(struct tool_compiled *c, struct tool_trace *trace,
                                  struct tool_module *t, const struct tool_input *in) {
  *c = (struct tool_compiled){.n = 0};
  c->sessions = calloc(1, sizeof *c->sessions);
  if (c->sessions == NULL || !tool_trace_begin(trace, t->session)) return KILN_ERR_MEMORY;
  c->sessions[c->n++] = t->session;
  uint64_t start = now_ns();
  kiln_status s = tool_module_read(t, in, tool_trace_func, trace, &c->instructions);
  c->work_ns = now_ns() - start;
  return s;
}

/* Inputs of this size take memory that debugging information can have while it is written. */
enum { LARGE_BYTES = 1 << 20 };

/* Is --inline of use for this input? False after a message. */
static bool can_inline(const struct flags *f, const struct tool_input *in) {
  if (f->inlining.what == KILN_INLINING_OFF || (in->bitcode && !tool_trace_wanted(f->trace)))
    return true;
  tool_error("%s: --inline is for bitcode, and without --dump, --listing and --only", in->path);
  return false;
}

/* Compiles one input and writes its object to `out`. */
static bool compile(const struct flags *f, const struct tool_input *in, const char *out) {
  kiln_module_options options = f->options;
  options.verify |= !in->bitcode && !in->qbe;
  options.borrow_strings = true; /* the input is closed last */
  struct tool_module t;
  if (!can_inline(f, in) || !tool_module_open(&t, in, options, f->target_given)) return false;

  tool_inlining_set(t.module, &f->inlining);
  struct tool_compiled c;
  uint64_t start = now_ns();
  bool traced = tool_trace_wanted(f->trace);
  kiln_status s = traced ? compile_traced(&c, f->trace, &t, in)
                         : tool_module_compile(&c, &t, in, f->threads, f->time);
  if (s == KILN_OK && in->size >= LARGE_BYTES) tool_input_done(in);
  uint64_t read = now_ns();
  if (s == KILN_OK) s = kiln_emit_elf(t.module, c.sessions, c.n, &c.object);
  uint64_t end = now_ns();
  if (s != KILN_OK) tool_module_report(&t, in, s);
  kiln_compile_stats stats = tool_compiled_stats(&c);
  size_t size = c.object.size;
  if (!traced) tool_compiled_done(&c, &t);

  bool ok = s == KILN_OK && tool_output_write_then(out, c.object.data, size,
                                                   traced ? NULL : tool_compiled_written, &c);
  if (traced) ok &= tool_trace_end(f->trace, in->path, ok ? &c.object : NULL);
  uint64_t written = now_ns();
  if (ok) {
    if (f->time) print_times(in->path, &c, &stats, end - read, written - end, written - start);
    if (f->stats) print_stats(in, &stats, c.instructions, size);
  }
  tool_compiled_free(&c);
  tool_module_close(&t);
  return ok;
}

static bool compile_path(const struct flags *f, const char *path) {
  struct tool_input in;
  if (!tool_input_open(&in, path)) return false;
  in.qbe = f->qbe;
  char *derived = NULL;
  const char *out = f->out;
  if (out == NULL && strcmp(path, "-") == 0) out = "-";
  if (out == NULL) out = derived = tool_derived_name(path);
  bool ok = out != NULL && compile(f, &in, out);
  free(derived);
  tool_input_close(&in);
  return ok;
}

static int run(int argc, char **argv, bool qbe) {
  struct tool_trace trace = {0};
  struct flags f = {.threads = 1, .trace = &trace, .qbe = qbe};
  struct tool_words w;
  tool_words_begin(&w, qbe ? VERB_QBE : VERB_COMPILE, argc, argv);
  int bad = parse_flags(&w, &f);
  if (bad == WORDS_STOP) return w.status;
  if (bad == TOOL_OK) bad = tool_trace_open(&trace, f.out);
  if (bad != TOOL_OK) return bad;
  if (f.options.stress_seed != 0) {
    fprintf(stderr, "kiln: stress seed %" PRIu64 "\n", f.options.stress_seed);
  }
  bool ok = w.n_inputs > 0 || compile_path(&f, "-");
  for (int i = 0; i < w.n_inputs; i++) ok &= compile_path(&f, w.inputs[i]);
  ok &= tool_trace_close(&trace);
  return ok ? TOOL_OK : TOOL_FAILED;
}

int verb_compile(int argc, char **argv) { return run(argc, argv, false); }

int verb_qbe(int argc, char **argv) { return run(argc, argv, true); }
