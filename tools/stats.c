/* What compilers wrote of their costs, summed up: those that `kiln cargo` or `kiln with` ran, or one that `kiln cc` is.
 * Called by stats_run.c and verb_cc.c; it is the verb `kiln stats`, too. */
#define _GNU_SOURCE /* getline, strsep */
#include "stats.h"
#include "log.h"
#include "names.h"
#include "options.h"
#include "tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Why LLVM compiled units, and how many. */
struct reason {
  char *text;
  unsigned units;
};

struct sums {
  unsigned kiln, llvm; /* units */
  unsigned in_rustc;   /* of Kiln's, those that rustc built through it, without bitcode */
  unsigned others;     /* lines that are none of costs */
  uint64_t instructions;
  uint64_t bitcode, kiln_ns, llvm_ns, own,
    linker;      /* nanoseconds; those of compilers contain the three before */
  uint64_t link; /* of the longest one */
  struct reason *reasons;
  size_t n_reasons;
  struct tool_names texts; /* of the reasons */
};

static void add_reason(struct sums *s, const char *text) {
  const size_t n = s->n_reasons;
  const uint32_t known = tool_names_find(&s->texts, text);
  if (known != 0) {
    s->reasons[known - 1].units++;
    return;
  }
  if ((n & (n - 1)) == 0) { /* doubled at powers of two */
    struct reason *more = realloc(s->reasons, (n != 0 ? 2 * n : 1) * sizeof *more);
    if (more == NULL) return;
    s->reasons = more;
  }
  char *copy = strdup(text);
  if (copy != NULL && tool_names_add(&s->texts, copy) != 0)
    s->reasons[s->n_reasons++] = (struct reason){copy, 1};
  else free(copy);
}

static void add_line(struct sums *s, char *line) {
  char *word[7] = {0};
  unsigned n = 0;
  for (char *w; n < 7 && (w = strsep(&line, "\t")) != NULL;) word[n++] = w;
  if (n == 3 && strcmp(word[0], "compiler") == 0) {
    const uint64_t link = strtoull(word[2], NULL, 10);
    s->own += strtoull(word[1], NULL, 10);
    s->linker += link;
    if (link > s->link) s->link = link;
  } else if (n >= 6 && strcmp(word[0], "unit") == 0) {
    bool in_rustc = strcmp(word[1], "rustc") == 0, kiln = in_rustc || strcmp(word[1], "kiln") == 0;
    s->in_rustc += in_rustc;
    s->bitcode += strtoull(word[2], NULL, 10);
    *(kiln ? &s->kiln_ns : &s->llvm_ns) += strtoull(word[3], NULL, 10);
    s->instructions += strtoull(word[4], NULL, 10);
    *(kiln ? &s->kiln : &s->llvm) += 1;
    if (word[6] != NULL) add_reason(s, word[6]);
  } else {
    s->others++;
  }
}

static int by_units(const void *a, const void *b) {
  const struct reason *x = a, *y = b;
  return x->units != y->units ? (x->units < y->units) - (x->units > y->units)
                              : strcmp(x->text, y->text);
}

static void row(FILE *out, const char *what, uint64_t ns, uint64_t all) {
  fprintf(out, "  %-34s %9.2f s %5.1f %%\n", what, (double)ns / 1e9,
          all != 0 ? 100 * (double)ns / (double)all : 0);
}

bool stats_begin(const char *verb, struct stats_costs *c) {
  const char *stats = getenv("KILN_STATS"), *folder = getenv("TMPDIR");
  *c = (struct stats_costs){.table = stats_asked()};
  if (!c->table && stats != NULL &&
      stats[0] == '/') { /* the user's own, which may have lines already */
    struct stat st;
    snprintf(c->path, sizeof c->path, "%s", stats);
    c->from = stat(stats, &st) == 0 ? st.st_size : 0;
    return true;
  }
  snprintf(c->path, sizeof c->path, "%s/kiln-stats-XXXXXX",
           folder != NULL && folder[0] == '/' ? folder : "/tmp");
  int fd = mkstemp(c->path);
  if (fd < 0) {
    tool_error("%s: %s: %s", verb, c->path, strerror(errno));
    return false;
  }
  close(fd);
  c->temporary = true;
  setenv("KILN_STATS", c->path, 1);
  return true;
}

void stats_drop(const struct stats_costs *c) {
  if (c->temporary) unlink(c->path);
}

static void print_table(FILE *out, struct sums *s) {
  enum { SHOWN = 20 };
  uint64_t code = s->bitcode + s->kiln_ns + s->llvm_ns, all = s->own + s->linker;
  if (s->in_rustc == 0)
    fprintf(out, "kiln: %u units by Kiln, %" PRIu64 " instructions of LLVM's; %u units by LLVM\n",
            s->kiln, s->instructions, s->llvm);
  else
    fprintf(out, "kiln: %u units by Kiln in rustc, %u by Kiln of bitcode; %u units by LLVM\n",
            s->in_rustc, s->kiln - s->in_rustc, s->llvm);
  fprintf(out, "  %-34s %11s %7s\n", "", "CPU time", "share");
  row(out, "front end", s->own > code ? s->own - code : 0, all);
  row(out, "bitcode, attempts that failed", s->bitcode, all);
  row(out, "code generation by Kiln", s->kiln_ns, all);
  row(out, "code generation by LLVM", s->llvm_ns, all);
  row(out, "linker", s->linker, all);
  unsigned left = 0;
  for (size_t i = 0; i < s->n_reasons; i++) {
    if (i < SHOWN) fprintf(out, "  by LLVM: %u: %s\n", s->reasons[i].units, s->reasons[i].text);
    else left += s->reasons[i].units;
  }
  if (left != 0) fprintf(out, "  by LLVM: %u, for other reasons\n", left);
}

/* What lets Kiln compile units that LLVM compiled for a reason that begins so. */
static const struct {
  const char *reason, *help;
} helps[] = {
  {"the crate is optimized",
   "Kiln is for opt-level 0; `kiln cargo --inline` takes opt-level 1 too"},
  {"the unit is optimized", "Kiln is for level 0; KILN_OPT_LEVEL=N has it take levels up to N"},
  {"this LLVM is newer", "use a newer Kiln, or a compiler with an older LLVM (RUSTUP_TOOLCHAIN)"},
  {"this LLVM is older", "use a compiler with a newer LLVM"},
  {"debug information beside", "set split-debuginfo = \"off\" in the profile"},
  {"-C llvm-args", "leave that option out"},
  {"assembly without an assembler", "install GNU as (binutils)"},
  {"Kiln failed", "please report this; KILN_LOG=FILE gets the units"},
  {"Kiln panicked", "please report this bug; KILN_LOG=FILE gets the unit"},
  {"Kiln crashed", "please report this bug; KILN_LOG=FILE gets the unit"},
  {"rustc was killed", "build with fewer jobs (-j)"},
};

/* The most frequent reason, and what helps, in a line. */
static void print_summary(FILE *out, const struct sums *s) {
  char line[2048];
  const char *help = "KILN_LOG=FILE gets the reason for each";
  int n =
    s->kiln == 0
      ? snprintf(line, sizeof line, "Kiln compiled none of %u units, LLVM all", s->llvm)
      : snprintf(line, sizeof line, "LLVM compiled %u of %u units", s->llvm, s->kiln + s->llvm);
  if (s->in_rustc != 0 && s->in_rustc != s->kiln)
    n += snprintf(line + n, sizeof line - (size_t)n, ", Kiln %u of bitcode", s->kiln - s->in_rustc);
  if (s->n_reasons > 0) {
    const struct reason *r = &s->reasons[0];
    for (size_t i = 0; i < sizeof helps / sizeof *helps; i++)
      if (strncmp(r->text, helps[i].reason, strlen(helps[i].reason)) == 0) help = helps[i].help;
    snprintf(line + n, sizeof line - (size_t)n, "; %u for this reason: %.1024s; %s", r->units,
             r->text, help);
  }
  if (s->kiln == 0) tool_warning("%s", line);
  else fprintf(out, "kiln: %s\n", line);
}

/* Sums up the file's lines from `from` on ("-" is standard input); false with errno if it cannot be read. The reasons
 * are the caller's to free. */
static bool sum_up(struct sums *s, const char *path, off_t from) {
  FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
  char *line = NULL;
  size_t room = 0;
  *s = (struct sums){.kiln = 0};
  if (f == NULL) return false;
  if (from != 0 && fseeko(f, from, SEEK_SET) != 0) rewind(f);
  for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
    if (line[n - 1] == '\n') line[n - 1] = 0;
    add_line(s, line);
  }
  int error = ferror(f) ? errno : 0;
  free(line);
  if (f != stdin) fclose(f);
  errno = error;
  if (s->n_reasons > 0) qsort(s->reasons, s->n_reasons, sizeof *s->reasons, by_units);
  return error == 0;
}

static void free_reasons(struct sums *s) {
  for (size_t i = 0; i < s->n_reasons; i++) free(s->reasons[i].text);
  free(s->reasons);
  tool_names_free(&s->texts);
}

void stats_end(const struct stats_costs *c, bool failed) {
  struct sums s;
  bool read = sum_up(&s, c->path, c->from), any = s.kiln + s.llvm != 0;
  if (read && c->table && any) print_table(stderr, &s);
  if (read && c->table && !any && !failed) fputs("kiln: nothing was compiled\n", stderr);
  if (read && any && c->say != NULL)
    c->say->say(c->say->user,
                &(struct stats_units){s.in_rustc, s.kiln - s.in_rustc, s.llvm, s.link});
  if (read && c->summary && s.llvm != 0) print_summary(stderr, &s);
  free_reasons(&s);
  stats_drop(c);
}

int verb_stats(int argc, char **argv) {
  struct tool_words w;
  char hint[TOOL_HINT_SIZE] = "";
  tool_words_begin(&w, VERB_STATS, argc, argv);
  if (tool_words_next(&w) != WORDS_END) return w.status;
  int status = tool_words_count(&w, 1);
  if (status != TOOL_OK) return status;
  struct sums s;
  const char *path = w.inputs[0];
  if (!sum_up(&s, path, 0)) {
    int error = errno;
    tool_error("%s: %s%s", path, strerror(error),
               error == ENOENT ? tool_meant(&w, path, hint) : "");
    status = TOOL_FAILED;
  } else if (s.kiln + s.llvm != 0) {
    print_table(stdout, &s);
  } else if (s.others != 0) {
    tool_error("%s: contains no lines that KILN_STATS=FILE writes", path);
    status = TOOL_FAILED;
  } else {
    puts("kiln: nothing was compiled");
  }
  free_reasons(&s);
  return status;
}
