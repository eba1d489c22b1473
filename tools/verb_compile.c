/* `kiln compile`: inputs to ELF objects. The whole of an object is in memory before a byte of it is
 * written, so that an output file exists only when it is complete. */
#include "tool.h"
#include "trace.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct flags {
  kiln_module_options options;
  bool target_given, time, stats;
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

static int parse_seed(const char *word, uint64_t *out) {
  char *end;
  errno = 0;
  *out = strtoull(word, &end, 0);
  if (end == word || *end != 0 || errno != 0 || *out == 0) {
    return tool_usage("bad seed '%s': a number other than 0 is wanted", word);
  }
  return TOOL_OK;
}

static int parse_flags(int argc, char **argv, struct flags *f) {
  enum { TARGET = 256, PIC, SECTIONS, VERIFY, TIME, STATS, STRESS, TRACE };
  static const struct option longs[] = {
    {"target", required_argument, NULL, TARGET},
    {"pic", required_argument, NULL, PIC},
    {"function-sections", no_argument, NULL, SECTIONS},
    {"verify", no_argument, NULL, VERIFY},
    {"time", no_argument, NULL, TIME},
    {"stats", no_argument, NULL, STATS},
    {"stress", required_argument, NULL, STRESS},
    {"dump", optional_argument, NULL, TRACE + TOOL_TRACE_DUMP},
    {"only", required_argument, NULL, TRACE + TOOL_TRACE_ONLY},
    {"listing", optional_argument, NULL, TRACE + TOOL_TRACE_LISTING},
    {0},
  };
  int c, bad = TOOL_OK;
  while (bad == TOOL_OK && (c = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
    switch (c) {
    case TARGET:
      bad = tool_parse_target(optarg, &f->options.target);
      f->target_given = true;
      break;
    case PIC: bad = parse_pic(optarg, &f->options.pic); break;
    case SECTIONS: f->options.function_sections = true; break;
    case VERIFY: f->options.verify = true; break;
    case TIME: f->time = true; break;
    case STATS: f->stats = true; break;
    case STRESS: bad = parse_seed(optarg, &f->options.stress_seed); break;
    case 'o': f->out = optarg; break;
    default:
      if (c < TRACE) return TOOL_USAGE; /* getopt has said why */
      bad = tool_trace_flag(f->trace, c - TRACE, optarg);
    }
  }
  if (bad != TOOL_OK) return bad;
  if (optind == argc) return tool_usage("no input");
  if (f->out != NULL && argc - optind > 1) return tool_usage("-o with more than one input");
  return TOOL_OK;
}

/* The file name of `in` with its suffix replaced by .o, in the current folder; free it. */
static char *derived_name(const char *in) {
  const char *base = strrchr(in, '/');
  base = base != NULL ? base + 1 : in;
  const char *dot = strrchr(base, '.');
  size_t n = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
  char *name = malloc(n + 3);
  if (name == NULL) return NULL;
  memcpy(name, base, n);
  memcpy(name + n, ".o", 3);
  return name;
}

static void print_times(const char *path, const kiln_stats *s, uint64_t read_ns, uint64_t object_ns,
                        uint64_t instructions) {
  struct {
    const char *name;
    uint64_t ns;
  } rows[] = {
    {"read and build", read_ns - s->plan_ns - s->walk_ns},
    {"plan", s->plan_ns},
    {"walk", s->walk_ns},
    {"object", object_ns},
    {"all", read_ns + object_ns},
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

static void print_stats(const char *path, const kiln_stats *s, uint64_t llvm, size_t object_bytes) {
  fprintf(stderr, "%s: stats\n", path);
  if (llvm > 0) fprintf(stderr, "  %-20s %10" PRIu64 "\n", "LLVM instructions", llvm);
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

/* Compiles one input and writes its object to `out`. */
static bool compile(const struct flags *f, const struct tool_input *in, const char *out) {
  kiln_module_options options = f->options;
  options.verify |= !in->bitcode;
  struct tool_module t;
  if (!tool_module_open(&t, in, options, f->target_given)) return false;
  kiln_session_time(t.session, f->time);

  kiln_buffer object = {0};
  uint64_t instructions = 0;
  uint64_t start = now_ns();
  bool traced = tool_trace_wanted(f->trace);
  if (traced && !tool_trace_begin(f->trace, t.session)) {
    tool_module_close(&t);
    return false;
  }
  kiln_status s =
    tool_module_read(&t, in, traced ? tool_trace_func : NULL, f->trace, &instructions);
  uint64_t read = now_ns();
  if (s == KILN_OK) s = kiln_emit_elf(t.module, &t.session, 1, &object);
  uint64_t end = now_ns();
  if (s != KILN_OK) tool_module_report(&t, in, s);

  bool ok = s == KILN_OK && tool_output_write(out, object.data, object.size);
  if (traced) ok &= tool_trace_end(f->trace, in->path, ok ? &object : NULL);
  if (ok) {
    kiln_stats stats = kiln_session_stats(t.session);
    uint64_t per = instructions > 0 ? instructions : stats.instructions;
    if (f->time) print_times(in->path, &stats, read - start, end - read, per);
    if (f->stats) print_stats(in->path, &stats, instructions, object.size);
  }
  kiln_buffer_free(&object);
  tool_module_close(&t);
  return ok;
}

static bool compile_path(const struct flags *f, const char *path) {
  struct tool_input in;
  if (!tool_input_open(&in, path)) return false;
  char *derived = NULL;
  const char *out = f->out;
  if (out == NULL && strcmp(path, "-") == 0) out = "-";
  if (out == NULL) out = derived = derived_name(path);
  bool ok = out != NULL && compile(f, &in, out);
  free(derived);
  tool_input_close(&in);
  return ok;
}

int verb_compile(int argc, char **argv) {
  struct tool_trace trace = {0};
  struct flags f = {.trace = &trace};
  int bad = parse_flags(argc, argv, &f);
  if (bad == TOOL_OK) bad = tool_trace_open(&trace, f.out);
  if (bad != TOOL_OK) return bad;
  if (f.options.stress_seed != 0) {
    fprintf(stderr, "kiln: stress seed %" PRIu64 "\n", f.options.stress_seed);
  }
  bool ok = true;
  for (int i = optind; i < argc; i++) ok &= compile_path(&f, argv[i]);
  ok &= tool_trace_close(&trace);
  return ok ? TOOL_OK : TOOL_FAILED;
}
