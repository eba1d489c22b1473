/* What compiling inputs cost, as a table for people or as lines for `kiln stats`. Called by verb_compile.c and
 * run.c. */
#include "report.h"
#include "log.h"
#include "settings.h"
#include "system.h"

#include <inttypes.h>
#include <time.h>

uint64_t tool_cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool tool_report_wanted(void) {
  const char *to = getenv("KILN_STATS");
  return to != NULL && to[0] != 0;
}

void tool_report_request(const char *file) {
  setenv("KILN_STATS", file != NULL && file[0] != 0 ? file : "1", 1);
}

static int unopened; /* files that could not be opened */

static void refuse(const char *variable, const char *path, const char *reason) {
  if (strcmp(variable, "KILN_STATS") != 0) return;
  tool_error("%s: %s", path, reason);
  unopened++;
}

int tool_report_begin(void) {
  if (!tool_report_wanted()) return TOOL_OK;
  tool_settings_files(NULL, refuse);
  return unopened == 0 ? TOOL_OK : TOOL_FAILED;
}

/* The times of the bodies, `c->work_ns`, `s->plan_ns` and `s->walk_ns`, are of all threads together. */
static void print_times(const struct tool_report *r) {
  const struct tool_compiled *c = r->compiled;
  const kiln_session_stats *s = &r->stats;
  uint64_t instructions = c->instructions > 0 ? c->instructions : s->instructions;
  struct {
    const char *name;
    uint64_t ns;
  } rows[] = {
    {"declarations", c->serial_ns},
    {"read and build", c->work_ns - s->plan_ns - s->walk_ns},
    {"plan", s->plan_ns},
    {"walk", s->walk_ns},
    {"object", r->object_ns},
    {"write", r->write_ns},
    {"all", r->all_ns},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fprintf(stderr, "  %-15s %10.3f ms", rows[i].name, (double)rows[i].ns / 1e6);
    if (instructions > 0)
      fprintf(stderr, " %8.1f ns per instruction", (double)rows[i].ns / (double)instructions);
    fputc('\n', stderr);
  }
}

static void print_counts(const struct tool_report *r) {
  const kiln_session_stats *s = &r->stats;
  const char *what = r->in->language == TOOL_QBE ? "QBE instructions" : "LLVM instructions";
  uint64_t input = r->compiled->instructions;
  if (input > 0) fprintf(stderr, "  %-20s %10" PRIu64 "\n", what, input);
  struct {
    const char *name;
    uint64_t n;
  } rows[] = {
    {"functions", s->functions},       {"blocks", s->blocks},
    {"instructions", s->instructions}, {"spills", s->spills},
    {"code bytes", s->code_bytes},     {"data bytes", s->data_bytes},
    {"object bytes", r->object_bytes}, {"session bytes", s->memory_bytes},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    fprintf(stderr, "  %-20s %10" PRIu64 "\n", rows[i].name, rows[i].n);
}

/* False after a message if a line was not written. */
static bool written(bool ok) {
  if (!ok) tool_error("%s: %s", getenv("KILN_STATS"), strerror(errno));
  return ok;
}

bool tool_report(const struct tool_report *r) {
  if (stats_asked()) {
    fprintf(stderr, "%s: stats\n", r->in->path);
    print_counts(r);
    print_times(r);
    return true;
  }
  return written(stats_line("unit\tkiln\t0\t%" PRIu64 "\t%" PRIu64 "\t%s\n", r->cpu_ns,
                            r->compiled->instructions, r->in->path));
}

bool tool_report_runtime(const char *path, size_t module_bytes, uint64_t all_ns, uint64_t cpu_ns) {
  if (!stats_asked())
    return written(stats_line("unit\tkiln\t0\t%" PRIu64 "\t0\t%s\n", cpu_ns, path));
  fprintf(stderr, "%s: stats\n  %-20s %10zu\n  %-15s %10.3f ms\n", path, "module bytes",
          module_bytes, "all", (double)all_ns / 1e6);
  return true;
}

bool tool_report_end(void) {
  return written(stats_line("compiler\t%" PRIu64 "\t0\n", tool_cpu_ns()));
}
