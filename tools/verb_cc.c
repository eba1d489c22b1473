/* `kiln cc`, `kiln c++` and `kiln flang`: compilers for build systems. Clang, or flang, preprocesses, checks and writes
 * bitcode to a pipe; Kiln makes the object; clang compiles what is of no language of the verb's, and links. cc_args.c
 * takes the command line apart.
 * Invariant: clang's messages and exit status are passed on unchanged. */
#include "carried.h"
#include "cc.h"
#include "log.h"
#include "settings.h"
#include "stats.h"
#include "threads.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

/* `path` without its suffix, in the current folder unless `keep`, and `suffix`. */
static const char *renamed(const char *path, bool keep, const char *suffix) {
  const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
  const char *from = keep ? path : base, *dot = strrchr(base, '.');
  size_t n = dot != NULL ? (size_t)(dot - from) : strlen(from);
  char *name = malloc(n + strlen(suffix) + 1);
  if (name == NULL) {
    tool_error("out of memory");
    exit(TOOL_FAILED);
  }
  memcpy(name, from, n);
  strcpy(name + n, suffix);
  return cc_keep(name);
}

/* The name that the object of an input has for the user: what -o says, or derived. */
static const char *object_name(const struct cc_args *a, const struct cc_item *in) {
  if (a->mode != CC_LINK_ALL && a->out != NULL) return a->out;
  return renamed(in->word, false, a->mode == CC_ASSEMBLY ? ".s" : ".o");
}

/* The name of the .dwo file of an input whose object is `out`, as clang's SplitDebugName has it; NULL: none is asked
 * for. What stands for code of -S has no debug information. */
static const char *split_name(const struct cc_args *a, const struct cc_item *in, const char *out) {
  if (a->split == CC_SPLIT_NONE || a->mode == CC_ASSEMBLY) return NULL;
  if (a->split == CC_SPLIT_SINGLE) return out;
  if (a->dumpdir == NULL && a->mode == CC_OBJECT && a->out != NULL)
    return renamed(a->out, true, ".dwo");
  const char *name = renamed(in->word, false, ".dwo"), *prefix = a->dumpdir, *dash = "";
  if (prefix == NULL && a->mode == CC_OBJECT) return name;
  if (prefix == NULL) prefix = a->out != NULL ? a->out : "a", dash = "-";
  char *all = cc_keep(cc_more(NULL, strlen(prefix) + strlen(name) + 2));
  sprintf(all, "%s%s%s", prefix, dash, name);
  return all;
}

/* A word for the driver's compiler. */
static void push_word(struct cc_list *l, const char *word) {
  cc_push(l, cc_driver()->to_compiler);
  cc_push(l, word);
}

/* Says the name to clang. `output`: it makes the file. */
static void push_split(struct cc_list *l, const char *name, bool output) {
  static const char *const flags[] = {"-split-dwarf-file", "-split-dwarf-output"};
  for (unsigned i = 0; name != NULL && i < 1u + output; i++) {
    push_word(l, flags[i]);
    push_word(l, name);
  }
}

/* As cc_run; the list is freed. */
static int run(struct cc_list *l, kiln_buffer *out, const kiln_buffer *in) {
  int status = cc_run(l, out, in);
  free(l->at);
  return status;
}

/* ---- bitcode ---- */

static void push_flags(struct cc_list *l, const struct cc_args *a, const struct cc_item *in) {
  for (size_t i = 0; i < a->n; i++) {
    const struct cc_item *item = &a->items[i];
    if (item->kind == CC_INPUT || (item->kind == CC_LINK && a->mode == CC_LINK_ALL)) continue;
    if (item->own && !cc_reads_source(in)) continue;
    cc_push(l, item->word);
    if (item->value != NULL) cc_push(l, item->value);
  }
}

/* True if a flag that one of clang's runs does not use may be for another one: the linker's, or another input's. */
static bool runs_several(const struct cc_args *a) {
  unsigned inputs = 0;
  for (size_t i = 0; i < a->n; i++) inputs += a->items[i].kind == CC_INPUT;
  return a->mode == CC_LINK_ALL || inputs > 1;
}

/* Clang's flags for compiling one input. */
static void push_compile(struct cc_list *l, const struct cc_args *a, const struct cc_item *in) {
  push_flags(l, a, in);
  if (runs_several(a)) cc_push(l, "-Qunused-arguments");
  cc_push_passes(l, a);
  bool depends = a->depends && !in->preprocessed;
  if (depends && !a->depends_name) { /* else it would be the pipe's name */
    cc_push(l, "-MQ");
    cc_push(l, a->out != NULL ? a->out : renamed(in->word, false, ".o"));
  }
  if (depends && !a->depends_file) {
    cc_push(l, "-MF");
    cc_push(l, a->out != NULL ? renamed(a->out, true, ".d") : renamed(in->word, false, ".d"));
  }
  cc_push(l, "-c");
}

static void push_input(struct cc_list *l, const struct cc_item *in) {
  if (in->language != NULL) {
    cc_push(l, "-x");
    cc_push(l, in->language);
  }
  cc_push(l, in->word);
}

/* Clang from source to bitcode, into memory. Returns its exit status. */
static int get_bitcode(const struct cc_args *a, const struct cc_item *in, kiln_buffer *bitcode) {
  struct cc_list l = {0};
  push_compile(&l, a, in);
  push_split(&l, in->dwo, false);
  cc_push(&l, "-emit-llvm");
  /* use-list orders serve LLVM's passes only, and cost clang more time than Kiln takes */
  if (cc_driver()->no_uselists != NULL) push_word(&l, cc_driver()->no_uselists);
  if (a->again) {
    cc_push(&l, "-w"); /* the first run has warned */
    cc_push(&l,
            "-Rpass=^$"); /* no remark, but for remarks instructions have lines, also without -g */
  }
  cc_push(&l, "-o");
  cc_push(&l, "-");
  push_input(&l, in);
  return run(&l, bitcode, NULL);
}

/* ---- objects ---- */

/* CPU time so far in nanoseconds, of this process and of those that it started and that have ended. */
static uint64_t cpu_ns(void) {
  uint64_t ns = 0;
  for (unsigned i = 0; i < 2; i++) {
    struct rusage use;
    if (getrusage(i == 0 ? RUSAGE_SELF : RUSAGE_CHILDREN, &use) != 0) return ns;
    ns += (uint64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000000 +
          (uint64_t)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1000;
  }
  return ns;
}

/* Says that $KILN_LOG could not be written to, unless it was. */
static void logged(bool ok) {
  if (!ok) tool_error("%s: %s: %s", cc_verb(), getenv("KILN_LOG"), strerror(errno));
}

static void log_object(const struct cc_item *in, const struct tool_compiled *c, uint64_t ns) {
  logged(log_line("%s: %" PRIu64 " functions, %" PRIu64 " instructions\n", in->word,
                  tool_compiled_stats(c).functions, c->instructions));
  stats_line("unit\tkiln\t0\t%" PRIu64 "\t%" PRIu64 "\t%s\n", ns, c->instructions, in->word);
}

/* True if LLVM is to compile what Kiln cannot. */
static bool falls_back(void) {
  const char *fallback = getenv("KILN_FALLBACK");
  return fallback != NULL && strcmp(fallback, "llvm") == 0;
}

/* LLVM makes the object of what Kiln does not compile yet. */
static int fall_back(const struct cc_args *a, const struct cc_item *in, const kiln_buffer *bitcode,
                     const char *out, const kiln_diag *why, uint64_t attempt_ns) {
  struct cc_list l = {0};
  fprintf(stderr, "kiln: %s: %s: compiled by LLVM: %s\n", cc_verb(), in->word, why->message);
  logged(log_line("%s: compiled by LLVM: %s\n", in->word, why->message));
  for (size_t i = 0; i < a->n; i++) {
    const char *word = a->items[i].word;
    if (a->items[i].kind != CC_FLAG || word[0] != '-' || a->items[i].names) continue;
    bool code = strncmp(word, "-gz", 3) == 0 || word[1] == 'O' || word[1] == 'f' ||
                word[1] == 'm' || strncmp(word, "-Wa,", 4) == 0 || strncmp(word, "--t", 3) == 0 ||
                strcmp(word, "-target") == 0;
    if (!code) continue;
    cc_push(&l, word);
    if (a->items[i].value != NULL) cc_push(&l, a->items[i].value);
  }
  push_split(&l, in->dwo, a->split == CC_SPLIT_FILE);
  static const char *const rest[] = {"-Qunused-arguments", "-w", "-x", "ir", "-", "-o"};
  if (a->driver->no_passes != NULL) push_word(&l, a->driver->no_passes);
  cc_push(&l, a->mode == CC_ASSEMBLY ? "-S" : "-c");
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) cc_push(&l, rest[i]);
  cc_push(&l, out);
  uint64_t start = cpu_ns();
  int status = run(&l, NULL, bitcode);
  stats_line("unit\tllvm\t%" PRIu64 "\t%" PRIu64 "\t0\t%s\t%s\n", attempt_ns, cpu_ns() - start,
             in->word, why->message);
  return status;
}

/* Copies an object to where it is to be. */
static int copy_object(const char *from, const char *to) {
  struct tool_input in;
  if (!tool_input_open(&in, from, NULL)) return TOOL_FAILED;
  bool ok = tool_output_write(to, in.bytes, in.size);
  tool_input_close(&in);
  return ok ? TOOL_OK : TOOL_FAILED;
}

/* Writes an object or a .dwo file, compressed if -gz says so. COFF's sections cannot be: there -gz does nothing, as in
 * clang. */
static int write_file(const struct cc_args *a, const kiln_target *target, const char *path,
                      const kiln_buffer *b) {
  if (a->compression == NULL || target->format != KILN_FORMAT_ELF)
    return tool_output_write(path, b->data, b->size) ? TOOL_OK : TOOL_FAILED;
  const char *temporary = cc_temporary(".o");
  bool ok = temporary != NULL && tool_output_write(temporary, b->data, b->size) &&
            cc_compress(temporary, a->compression, target->processor);
  return ok ? copy_object(temporary, path) : TOOL_FAILED;
}

static int write_object(const struct cc_args *a, const struct cc_item *in, const char *out,
                        const kiln_target *target, const kiln_buffer *object,
                        const kiln_buffer *dwo) {
  if (dwo->size != 0 && write_file(a, target, in->dwo, dwo) != TOOL_OK) return TOOL_FAILED;
  if (a->mode != CC_ASSEMBLY) return write_file(a, target, out, object);
  const char *temporary = cc_temporary(".o");
  if (temporary == NULL || !tool_output_write(temporary, object->data, object->size))
    return TOOL_FAILED;
  return cc_run_beside("kiln-dis", temporary, out);
}

/* What make_object returns if the input is to be compiled again; a message is still to come. */
enum { WANTS_AGAIN = -2 };

/* False after a second run, for what can be read only once (standard input, pipes), and where clang would write more
 * files for a second time, by other names. True if LLVM's passes could change what Kiln lacks, or if `d` is about an
 * instruction (`located`) whose line in the source only a second run knows. */
static bool wants_again(const struct cc_args *a, const struct cc_item *in, const kiln_diag *d,
                        bool located) {
  struct stat st;
  if (a->again || a->names || stat(in->word, &st) != 0 || !S_ISREG(st.st_mode)) return false;
  if (!a->passes && d->status == KILN_ERR_UNSUPPORTED) return true;
  bool may_fall_back = d->status == KILN_ERR_UNSUPPORTED || d->status == KILN_ERR_LIMIT;
  if (falls_back() && may_fall_back) return false;
  return !in->bitcode && located && d->source_line == 0;
}

/* What is inlined in the code of an input. */
static struct tool_inlining inlining_of(const struct cc_args *a, const struct cc_item *in) {
  struct tool_inlining is = a->inlined;
  if (a->inlining) return is;
  const bool foreign = is.what == KILN_INLINING_FOREIGN || (a->inline_foreign && in->cxx);
  is.what = foreign && !a->optimizes && !a->no_inlining ? KILN_INLINING_FOREIGN : KILN_INLINING_OFF;
  return is;
}

/* Compiles the bitcode of one input. Returns the exit status. */
static int make_object(const struct cc_args *a, const struct cc_item *in,
                       const kiln_buffer *bitcode, const char *out) {
  struct tool_input input = {
    .path = in->word, .bytes = bitcode->data, .size = bitcode->size, .language = TOOL_BITCODE};
  atomic_bool directives = false; /* for -S: in inline assembly */
  const struct tool_reading how = {.module = {.function_sections = a->function_sections,
                                              .data_sections = a->data_sections,
                                              .aranges = a->aranges,
                                              .debug_frame = a->debug_frame,
                                              .stress_seed = a->stress},
                                   .llvm = {.tls_emulation = a->tls_emulation},
                                   .on_assembly = a->mode == CC_ASSEMBLY ? cc_watch_assembly : NULL,
                                   .on_assembly_user = &directives};
  uint64_t start = stats_wanted() ? cpu_ns() : 0, ns;
  kiln_diag diag = {.status = KILN_OK};
  struct tool_module t;
  if (!tool_module_open(&t, &input, &how)) return TOOL_FAILED;
  tool_thread_diag = &diag;
  kiln_module_set_attrs(t.module, &(kiln_module_attrs){.no_red_zone = a->no_red_zone});
  const struct tool_inlining inlining = inlining_of(a, in);
  tool_inlining_set(t.module, &inlining);
  struct tool_compiled c;
  kiln_buffer object = {0}, dwo = {0};
  kiln_status s = tool_module_compile(&c, &t, &input, 1, false);
  if (s == KILN_OK && kiln_module_get_attrs(t.module).dwo_name != NULL && in->dwo != NULL)
    s = kiln_emit_elf_split(t.module, c.sessions, c.n, &object,
                            a->split == CC_SPLIT_FILE ? &dwo : NULL);
  else if (s == KILN_OK) s = kiln_emit_object(t.module, c.sessions, c.n, &object);
  if (s != KILN_OK && diag.status == KILN_OK) diag = *kiln_module_diag(t.module);
  tool_thread_diag = NULL;
  const bool located = (diag.has & KILN_DIAG_BLOCK) != 0;
  cc_name_cause(a, in, &diag);
  ns = stats_wanted() ? cpu_ns() - start : 0;
  int status = TOOL_FAILED;
  if (s == KILN_OK && directives) {
    static const kiln_diag why = {
      .message = "-S: inline assembly with directives, which a disassembly does not show"};
    status = fall_back(a, in, bitcode, out, &why, ns);
  } else if (s == KILN_OK) {
    const kiln_target target = kiln_module_get_target(t.module);
    status = write_object(a, in, out, &target, &object, &dwo);
    log_object(in, &c, ns);
  } else if (wants_again(a, in, &diag, located)) {
    status = WANTS_AGAIN;
  } else if (falls_back() && (s == KILN_ERR_UNSUPPORTED || s == KILN_ERR_LIMIT)) {
    status = fall_back(a, in, bitcode, out, &diag, ns);
  } else {
    if (diag.message[0] != 0) tool_diag_print(&diag);
    else tool_module_report(&t, &input, s);
  }
  tool_compiled_free(&c);
  kiln_buffer_free(&object);
  kiln_buffer_free(&dwo);
  tool_module_close(&t);
  return status;
}

/* Compiles an input once more, from what LLVM's passes make of it: some things, as coroutines, are nothing but work for
 * them. If it is refused again, the message has a line of the source. */
static int compile_again(const struct cc_args *a, const struct cc_item *in, kiln_buffer *bitcode,
                         const char *out) {
  struct cc_args other = *a;
  other.passes = other.again = true;
  bitcode->size = 0;
  int status = get_bitcode(&other, in, bitcode);
  return status == 0 ? make_object(&other, in, bitcode, out) : status;
}

static int compile(const struct cc_args *a, struct cc_plan *plan, struct cc_item *in) {
  kiln_buffer bitcode = {0};
  const char *object = NULL, *assembly = NULL; /* names of files to keep beside the output */
  const char *out = a->mode != CC_LINK_ALL ? object_name(a, in) : cc_temporary(".o");
  if (out == NULL) return TOOL_FAILED;
  in->dwo = split_name(a, in, out);
  int status = a->names ? cc_plan_bitcode(plan, in, &bitcode, &object, &assembly)
                        : get_bitcode(a, in, &bitcode);
  if (object != NULL && assembly == NULL) out = object;
  else if (object != NULL && a->mode != CC_LINK_ALL) out = cc_temporary(".o");
  if (status == 0 && out == NULL) status = TOOL_FAILED;
  if (status == 0) {
    if (a->verbose) fprintf(stderr, "kiln: %s: %s -> %s\n", cc_verb(), in->word, out);
    status = make_object(a, in, &bitcode, out);
  }
  if (status == WANTS_AGAIN) status = compile_again(a, in, &bitcode, out);
  if (status == 0 && object != NULL && assembly != NULL) {
    status = cc_run_beside("kiln-dis", out, assembly);
    if (status == 0) status = copy_object(out, object);
  }
  kiln_buffer_free(&bitcode);
  in->object = out;
  return status < 0 ? TOOL_FAILED : status;
}

/* ---- the rest, and the link ---- */

/* Clang on one input that Kiln does not compile, as the command says. */
static int other_input(const struct cc_args *a, const struct cc_item *in) {
  struct cc_list l = {0};
  push_flags(&l, a, in);
  if (runs_several(a)) cc_push(&l, "-Qunused-arguments");
  cc_push(&l, a->mode == CC_ASSEMBLY ? "-S" : "-c");
  if (a->out != NULL) {
    cc_push(&l, "-o");
    cc_push(&l, a->out);
  }
  push_input(&l, in);
  return run(&l, NULL, NULL);
}

/* Says which inputs LLVM compiles, since Kiln does not compile their languages. */
static void report_others(const struct cc_args *a) {
  char why[64];
  snprintf(why, sizeof why, "compiled by LLVM: its language is not %s", a->driver->languages);
  for (size_t i = 0; i < a->n; i++) {
    const struct cc_item *in = &a->items[i];
    if (in->kind != CC_INPUT || !cc_other_language(in)) continue;
    fprintf(stderr, "kiln: %s: %s: %s\n", cc_verb(), in->word, why);
    logged(log_line("%s: %s\n", in->word, why));
  }
}

static int link_all(const struct cc_args *a) {
  struct cc_list l = {0};
  cc_push(&l, "-Qunused-arguments"); /* flags used by compiling only */
  for (size_t i = 0; i < a->n; i++) {
    const struct cc_item *item = &a->items[i];
    if (item->kind == CC_COMPILE) continue;
    bool typed = item->kind == CC_INPUT && item->object == NULL && item->language != NULL;
    if (typed) {
      cc_push(&l, "-x");
      cc_push(&l, item->language);
    }
    cc_push(&l, item->object != NULL ? item->object : item->word);
    if (item->value != NULL) cc_push(&l, item->value);
    if (typed) {
      cc_push(&l, "-x");
      cc_push(&l, "none");
    }
  }
  if (a->out != NULL) {
    cc_push(&l, "-o");
    cc_push(&l, a->out);
  }
  return run(&l, NULL, NULL);
}

/* What variables of the environment say. Without $KILN_INLINE, -Og inlines small functions, and -O0 foreign ones of
 * C++. */
static void set_up(struct cc_args *a, const struct tool_settings *settings) {
  a->stress = settings->stress;
  a->inlined = settings->inlining;
  a->inline_foreign = tool_variable("KILN_INLINE") == NULL;
  if (a->inlined.what == KILN_INLINING_OFF) a->inlined.what = KILN_INLINING_SMALL;
}

/* Reports flags whose effect Kiln does not have. TOOL_OK: there are none. */
static int check_flags(const struct cc_args *a) {
  cc_warn_left_out(a);
  if (a->unfortified)
    tool_warning("%s: -Og: _FORTIFY_SOURCE is off, since the sizes of objects are not known",
                 cc_verb());
  if (a->no_function_checks)
    tool_warning("%s: -fsanitize=undefined does not include -fsanitize=function", cc_verb());
  if (a->refused == NULL) return TOOL_OK;
  tool_error("%s: not implemented: %s", cc_verb(), a->refused);
  return TOOL_FAILED;
}

/* `--version`: clang's lines, and Kiln's as the second. */
static int print_version(const struct cc_args *a) {
  kiln_buffer said = {0};
  int status = cc_run(&a->words, &said, NULL);
  const char *text = (const char *)said.data,
             *end = said.size > 0 ? memchr(text, '\n', said.size) : NULL;
  size_t first = end != NULL ? (size_t)(end + 1 - text) : said.size;
  fwrite(text, 1, first, stdout);
  if (first > 0) printf("Code generator: Kiln %s\n", tool_version());
  fwrite(text + first, 1, said.size - first, stdout);
  kiln_buffer_free(&said);
  return status < 0 ? TOOL_FAILED : status;
}

static bool asks_version(const struct cc_args *a) {
  for (size_t i = 0; i < a->words.n; i++)
    if (strcmp(a->words.at[i], "--version") == 0) return true;
  return false;
}

static int compile_and_link(struct cc_args *a, struct cc_plan *plan) {
  int status = TOOL_OK;
  for (size_t i = 0; i < a->n; i++) {
    struct cc_item *in = &a->items[i];
    if (in->kind != CC_INPUT) continue;
    int one = TOOL_OK;
    if (in->ours) one = compile(a, plan, in);
    else if (a->mode != CC_LINK_ALL) one = other_input(a, in);
    if (one != TOOL_OK) status = one;
  }
  uint64_t start = stats_wanted() ? cpu_ns() : 0;
  if (status == TOOL_OK && a->mode == CC_LINK_ALL) status = link_all(a);
  if (stats_wanted()) stats_line("compiler\t%" PRIu64 "\t%" PRIu64 "\n", start, cpu_ns() - start);
  return status;
}

static int run_verb(enum cc_verb verb, int argc, char **argv) {
  static struct cc_args a; /* lives as long as the command */
  struct cc_plan plan = {0};
  struct stats_costs costs;
  struct tool_settings settings;
  cc_begin(verb);
  if (!tool_settings_begin(&settings, cc_verb())) return TOOL_USAGE;
  if (!cc_parse(&a, cc_driver(), argc, argv)) return TOOL_USAGE;
  size_t inputs = 0, sources = 0;
  bool reads = false;
  for (size_t i = 0; i < a.n; i++) {
    inputs += a.items[i].kind == CC_INPUT;
    sources += a.items[i].kind == CC_INPUT && a.items[i].ours;
    reads |= a.items[i].kind == CC_INPUT && cc_reads_source(&a.items[i]);
  }
  if (a.mode == CC_CLANG && asks_version(&a)) return print_version(&a);
  if (a.mode == CC_CLANG || sources == 0) { /* a precompiled header says what its users say */
    if (a.mode != CC_CLANG) report_others(&a);
    for (size_t i = 0; reads && i < a.n; i++)
      if (a.items[i].own) cc_push(&a.words, a.items[i].word), cc_push(&a.words, a.items[i].value);
    return cc_become(&a.words);
  }
  if (a.mode != CC_LINK_ALL && a.out != NULL && inputs > 1) {
    tool_error("%s: -o names one output, but there is more than one input", cc_verb());
    return TOOL_FAILED;
  }
  if (a.refused == NULL && !a.passes) a.refused = cc_lacks_required_passes();
  if (a.refused != NULL && falls_back()) {
    fprintf(stderr, "kiln: %s: compiled by LLVM: not implemented: %s\n", cc_verb(), a.refused);
    return cc_become(&a.words);
  }
  set_up(&a, &settings);
  int status = check_flags(&a);
  if (status == TOOL_OK && a.names) status = cc_plan_make(&plan, &a);
  if (status != TOOL_OK) {
    cc_plan_free(&plan);
    return status;
  }
  if (a.database != NULL && !cc_database(&a)) status = TOOL_FAILED;
  report_others(&a);
  bool table = stats_asked() && stats_begin(cc_verb(), &costs);
  int done = compile_and_link(&a, &plan);
  if (done != TOOL_OK) status = done;
  if (table) stats_end(&costs, status != TOOL_OK);
  cc_plan_free(&plan);
  cc_clean();
  return status < 0 ? TOOL_FAILED : status;
}

int verb_cc(int argc, char **argv) { return run_verb(CC_VERB_C, argc, argv); }

int verb_cxx(int argc, char **argv) { return run_verb(CC_VERB_CXX, argc, argv); }

int verb_flang(int argc, char **argv) { return run_verb(CC_VERB_FLANG, argc, argv); }
