/* What compilers wrote of their costs, summed up: those that `kiln cargo` ran, or one that `kiln cc` is. Called by
 * verb_cargo.c and verb_cc.c; it is the verb `kiln stats`, too. */
#define _GNU_SOURCE /* getline, strsep */
#include "stats.h"
#include "options.h"
#include "tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Why LLVM compiled units, and how many. */
struct reason {
  char *text;
  unsigned units;
};

struct sums {
  unsigned kiln, llvm; /* units */
  uint64_t instructions;
  uint64_t bitcode, kiln_ns, llvm_ns, own,
    linker; /* nanoseconds; those of compilers contain the three before */
  struct reason *reasons;
  size_t n_reasons;
};

static void add_reason(struct sums *s, const char *text) {
  for (size_t i = 0; i < s->n_reasons; i++) {
    if (strcmp(s->reasons[i].text, text) != 0) continue;
    s->reasons[i].units++;
    return;
  }
  struct reason *more = realloc(s->reasons, (s->n_reasons + 1) * sizeof *more);
  if (more == NULL) return;
  s->reasons = more;
  char *copy = strdup(text);
  if (copy != NULL) s->reasons[s->n_reasons++] = (struct reason){copy, 1};
}

static void add_line(struct sums *s, char *line) {
  char *word[7] = {0};
  unsigned n = 0;
  for (char *w; n < 7 && (w = strsep(&line, "\t")) != NULL;) word[n++] = w;
  if (n == 3 && strcmp(word[0], "compiler") == 0) {
    s->own += strtoull(word[1], NULL, 10);
    s->linker += strtoull(word[2], NULL, 10);
  } else if (n >= 6 && strcmp(word[0], "unit") == 0) {
    bool kiln = strcmp(word[1], "kiln") == 0;
    s->bitcode += strtoull(word[2], NULL, 10);
    *(kiln ? &s->kiln_ns : &s->llvm_ns) += strtoull(word[3], NULL, 10);
    s->instructions += strtoull(word[4], NULL, 10);
    *(kiln ? &s->kiln : &s->llvm) += 1;
    if (word[6] != NULL) add_reason(s, word[6]);
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

bool stats_begin(const char *verb, char path[PATH_MAX]) {
  const char *stats = getenv("KILN_STATS"), *folder = getenv("TMPDIR");
  if (stats == NULL || strcmp(stats, "1") != 0) return false;
  snprintf(path, PATH_MAX, "%s/kiln-stats-XXXXXX",
           folder != NULL && folder[0] == '/' ? folder : "/tmp");
  int fd = mkstemp(path);
  if (fd < 0) {
    tool_error("%s: %s: %s", verb, path, strerror(errno));
    path[0] = 0;
  } else {
    close(fd);
    setenv("KILN_STATS", path, 1);
  }
  return true;
}

static void print_table(FILE *out, struct sums *s) {
  enum { SHOWN = 20 };
  uint64_t code = s->bitcode + s->kiln_ns + s->llvm_ns, all = s->own + s->linker;
  fprintf(out,
          "kiln: %u units by Kiln, %" PRIu64 " instructions of LLVM's; %u units by LLVM\n"
          "  %-34s %11s %7s\n",
          s->kiln, s->instructions, s->llvm, "", "CPU time", "share");
  row(out, "front end", s->own > code ? s->own - code : 0, all);
  row(out, "bitcode, attempts that failed", s->bitcode, all);
  row(out, "code generation by Kiln", s->kiln_ns, all);
  row(out, "code generation by LLVM", s->llvm_ns, all);
  row(out, "linker", s->linker, all);
  if (s->n_reasons > 0) qsort(s->reasons, s->n_reasons, sizeof *s->reasons, by_units);
  unsigned left = 0;
  for (size_t i = 0; i < s->n_reasons; i++) {
    if (i < SHOWN) fprintf(out, "  by LLVM: %u: %s\n", s->reasons[i].units, s->reasons[i].text);
    else left += s->reasons[i].units;
  }
  if (left != 0) fprintf(out, "  by LLVM: %u, for other reasons\n", left);
}

/* Sums up the file and writes the table; false if it cannot be read. `failed` as of stats_end. */
static bool sum_up(FILE *out, const char *path, bool failed) {
  FILE *f = fopen(path, "r");
  struct sums s = {0};
  char *line = NULL;
  size_t room = 0;
  if (f == NULL) return false;
  for (ssize_t n; (n = getline(&line, &room, f)) > 0;) {
    if (line[n - 1] == '\n') line[n - 1] = 0;
    add_line(&s, line);
  }
  free(line);
  fclose(f);
  if (s.kiln + s.llvm != 0) print_table(out, &s);
  else if (!failed) fputs("kiln: nothing was compiled\n", out);
  for (size_t i = 0; i < s.n_reasons; i++) free(s.reasons[i].text);
  free(s.reasons);
  return true;
}

void stats_end(const char *path, bool failed) {
  sum_up(stderr, path, failed);
  unlink(path);
}

int verb_stats(int argc, char **argv) {
  struct tool_words w;
  tool_words_begin(&w, VERB_STATS, argc, argv);
  if (tool_words_next(&w) != WORDS_END) return w.status;
  if (w.n_inputs != 1) return tool_usage("stats takes one file");
  if (sum_up(stdout, w.inputs[0], false)) return TOOL_OK;
  tool_error("%s: %s", w.inputs[0], strerror(errno));
  return TOOL_FAILED;
}
