/* The bench: compiles bitcode with Kiln and with LLVM -O0 in one process and prints ns per LLVM IR
 * instruction for every stage. All inputs go through a pass before the next pass begins; a figure is
 * the minimum over the passes of its stage and input, and a sum adds these minima. */
#include "bench.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct row {
  struct bench_input in;
  struct bench_llvm llvm, llvm_cold;
  struct bench_kiln kiln, kiln_cold;
  uint64_t build_ns; /* reading and building: the time that no other stage took */
};

struct memory {
  long kiln_kb, llvm_kb;
};

uint64_t bench_text_size(const uint8_t *object, size_t size) {
  if (size < sizeof(Elf64_Ehdr)) return 0;
  Elf64_Ehdr head;
  memcpy(&head, object, sizeof head);
  uint64_t sum = 0;
  for (unsigned i = 0; i < head.e_shnum; i++) {
    Elf64_Shdr s;
    uint64_t at = head.e_shoff + (uint64_t)i * sizeof s;
    if (at + sizeof s > size) return 0;
    memcpy(&s, object + at, sizeof s);
    if (s.sh_flags & SHF_EXECINSTR) sum += s.sh_size;
  }
  return sum;
}

static bool open_input(struct bench_input *in, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat st;
  void *p = MAP_FAILED;
  if (fd >= 0 && fstat(fd, &st) == 0) {
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  }
  if (p == MAP_FAILED) fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
  if (fd >= 0) close(fd);
  if (p == MAP_FAILED) return false;
  const char *base = strrchr(path, '/');
  *in = (struct bench_input){base != NULL ? base + 1 : path, p, (size_t)st.st_size};
  return true;
}

/* ---- passes ---- */

static void least(uint64_t *to, uint64_t ns) {
  if (ns < *to) *to = ns;
}

/* The pass without clocks comes first, so that the first pass of all is measured with cold caches. */
static bool kiln_pass(struct row *rows, unsigned n, kiln_processor target, unsigned pass) {
  for (unsigned i = 0; i < n; i++) {
    struct row *r = &rows[i];
    struct bench_kiln k;
    if (!bench_kiln_pass(&r->in, target, false, &k)) return false;
    if (pass == 0) r->kiln = r->kiln_cold = k;
    least(&r->kiln.all_ns, k.all_ns);
  }
  for (unsigned i = 0; i < n; i++) {
    struct row *r = &rows[i];
    struct bench_kiln k;
    if (!bench_kiln_pass(&r->in, target, true, &k)) return false;
    uint64_t build = k.all_ns - k.plan_ns - k.walk_ns - k.object_ns;
    if (pass == 0) r->build_ns = r->kiln.plan_ns = r->kiln.walk_ns = r->kiln.object_ns = UINT64_MAX;
    least(&r->build_ns, build);
    least(&r->kiln.plan_ns, k.plan_ns);
    least(&r->kiln.walk_ns, k.walk_ns);
    least(&r->kiln.object_ns, k.object_ns);
  }
  return true;
}

static bool llvm_pass(struct row *rows, unsigned n, unsigned pass) {
  for (unsigned i = 0; i < n; i++) {
    struct row *r = &rows[i];
    struct bench_llvm l;
    if (!bench_llvm_pass(&r->in, &l)) return false;
    if (pass == 0) r->llvm = r->llvm_cold = l;
    least(&r->llvm.read_ns, l.read_ns);
    least(&r->llvm.codegen_ns, l.codegen_ns);
  }
  return true;
}

/* ---- memory ---- */

static long status_kb(const char *key) {
  FILE *f = fopen("/proc/self/status", "r");
  char line[256];
  long kb = 0;
  while (f != NULL && fgets(line, sizeof line, f) != NULL) {
    if (strncmp(line, key, strlen(key)) == 0) kb = strtol(line + strlen(key), NULL, 10);
  }
  if (f != NULL) fclose(f);
  return kb;
}

/* Growth of peak resident memory over one pass over all inputs, in a child of its own, KiB. */
static long peak_kb(struct row *rows, unsigned n, kiln_processor target, bool llvm) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    long kb = 0;
    if (!llvm || bench_llvm_start(target)) {
      FILE *f = fopen("/proc/self/clear_refs", "w"); /* 5 resets the peak */
      if (f != NULL) {
        fputs("5", f);
        fclose(f);
      }
      long before = status_kb("VmRSS:");
      struct bench_llvm l;
      struct bench_kiln k;
      bool ok = true;
      for (unsigned i = 0; i < n && ok; i++) {
        ok =
          llvm ? bench_llvm_pass(&rows[i].in, &l) : bench_kiln_pass(&rows[i].in, target, false, &k);
      }
      kb = ok ? status_kb("VmHWM:") - before : 0;
    }
    if (write(ends[1], &kb, sizeof kb) < 0) _exit(1);
    _exit(0);
  }
  long kb = 0;
  close(ends[1]);
  if (child < 0 || read(ends[0], &kb, sizeof kb) != sizeof kb) kb = 0;
  close(ends[0]);
  if (child > 0) waitpid(child, NULL, 0);
  return kb;
}

/* ---- results ---- */

static struct row add_up(const struct row *rows, unsigned n) {
  struct row sum = {.in.name = "sum"};
  for (unsigned i = 0; i < n; i++) {
    const struct row *r = &rows[i];
#define ADD(field) sum.field += r->field
    ADD(llvm.read_ns), ADD(llvm.codegen_ns), ADD(llvm.instructions), ADD(llvm.text_bytes);
    ADD(llvm.object_bytes), ADD(llvm_cold.read_ns), ADD(llvm_cold.codegen_ns);
    ADD(kiln.all_ns), ADD(kiln.plan_ns), ADD(kiln.walk_ns), ADD(kiln.object_ns);
    ADD(kiln.instructions), ADD(kiln.text_bytes), ADD(kiln.object_bytes), ADD(kiln_cold.all_ns);
    ADD(build_ns), ADD(in.size);
#undef ADD
  }
  return sum;
}

/* The figures of a row, in one list for the table and for JSON. All but the counts are per instruction, or ratios. */
struct figures {
  double inst, llvm_read, llvm_codegen, build, plan, walk, object, all;
  double read_ratio, codegen_ratio, all_ratio, text_ratio;
  double kiln_cold, llvm_cold;
};

static double ratio(uint64_t a, uint64_t b) { return b != 0 ? (double)a / (double)b : 0; }

static struct figures figures(const struct row *r) {
  uint64_t n = r->llvm.instructions;
  uint64_t back = r->kiln.plan_ns + r->kiln.walk_ns + r->kiln.object_ns;
  return (struct figures){
    .inst = (double)n,
    .llvm_read = ratio(r->llvm.read_ns, n),
    .llvm_codegen = ratio(r->llvm.codegen_ns, n),
    .build = ratio(r->build_ns, n),
    .plan = ratio(r->kiln.plan_ns, n),
    .walk = ratio(r->kiln.walk_ns, n),
    .object = ratio(r->kiln.object_ns, n),
    .all = ratio(r->kiln.all_ns, n),
    .read_ratio = ratio(r->llvm.read_ns, r->build_ns),
    .codegen_ratio = ratio(r->llvm.codegen_ns, back),
    .all_ratio = ratio(r->llvm.read_ns + r->llvm.codegen_ns, r->kiln.all_ns),
    .text_ratio = ratio(r->kiln.text_bytes, r->llvm.text_bytes),
    .kiln_cold = ratio(r->kiln_cold.all_ns, n),
    .llvm_cold = ratio(r->llvm_cold.read_ns + r->llvm_cold.codegen_ns, n),
  };
}

static void print_row(const struct row *r) {
  struct figures f = figures(r);
  printf(
    "%-16.16s %8.0f | %7.1f %8.1f | %6.1f %6.1f %6.1f %6.1f %7.1f | %6.1f %6.1f %6.1f | %7" PRIu64
    " %7" PRIu64 " %5.3f\n",
    r->in.name, f.inst, f.llvm_read, f.llvm_codegen, f.build, f.plan, f.walk, f.object, f.all,
    f.read_ratio, f.codegen_ratio, f.all_ratio, r->kiln.text_bytes, r->llvm.text_bytes,
    f.text_ratio);
}

static void print_table(const struct row *rows, unsigned n, const struct row *sum,
                        const struct memory *mem, unsigned kiln_passes, unsigned llvm_passes) {
  printf("ns per LLVM IR instruction, minimum of %u passes (LLVM: %u)\n", kiln_passes, llvm_passes);
  printf("%25s | %16s | %35s | %20s | %s\n", "", "LLVM -O0", "Kiln", "LLVM / Kiln", "text bytes");
  printf("%-16s %8s | %7s %8s | %6s %6s %6s %6s %7s | %6s %6s %6s | %7s %7s %5s\n", "module",
         "inst", "read", "codegen", "build", "plan", "walk", "ELF", "all", "read", "code", "all",
         "Kiln", "LLVM", "ratio");
  for (unsigned i = 0; i < n; i++) print_row(&rows[i]);
  if (n > 1) print_row(sum);
  struct figures f = figures(sum);
  printf("build: reading and building; code: codegen / (plan + walk + ELF); all: read + codegen / "
         "all\n");
  printf("first, cold pass, all: Kiln %.1f, LLVM %.1f, ratio %.1f\n", f.kiln_cold, f.llvm_cold,
         f.kiln_cold > 0 ? f.llvm_cold / f.kiln_cold : 0);
  printf("peak memory over a pass, beyond the start: Kiln %ld KiB, LLVM %ld KiB\n", mem->kiln_kb,
         mem->llvm_kb);
}

static void print_json_row(const struct row *r) {
  struct figures f = figures(r);
  printf("{\"name\": \"%s\", \"instructions\": %.0f, \"bitcode_bytes\": %zu, ", r->in.name, f.inst,
         r->in.size);
  const struct {
    const char *name;
    double value;
  } ns[] = {
    {"llvm_read_ns", f.llvm_read},
    {"llvm_codegen_ns", f.llvm_codegen},
    {"build_ns", f.build},
    {"plan_ns", f.plan},
    {"walk_ns", f.walk},
    {"object_ns", f.object},
    {"all_ns", f.all},
    {"kiln_cold_ns", f.kiln_cold},
    {"llvm_cold_ns", f.llvm_cold},
    {"read_ratio", f.read_ratio},
    {"codegen_ratio", f.codegen_ratio},
    {"all_ratio", f.all_ratio},
    {"text_ratio", f.text_ratio},
  };
  for (size_t i = 0; i < sizeof ns / sizeof *ns; i++)
    printf("\"%s\": %.3f, ", ns[i].name, ns[i].value);
  printf("\"text_bytes\": %" PRIu64 ", \"llvm_text_bytes\": %" PRIu64 ", \"object_bytes\": %" PRIu64
         ", \"llvm_object_bytes\": %" PRIu64 "}",
         r->kiln.text_bytes, r->llvm.text_bytes, r->kiln.object_bytes, r->llvm.object_bytes);
}

static void print_json(const struct row *rows, unsigned n, const struct row *sum,
                       const struct memory *mem, unsigned kiln_passes, unsigned llvm_passes) {
  printf(
    "{\"kiln_passes\": %u, \"llvm_passes\": %u, \"kiln_peak_kib\": %ld, \"llvm_peak_kib\": %ld,\n"
    " \"modules\": [\n",
    kiln_passes, llvm_passes, mem->kiln_kb, mem->llvm_kb);
  for (unsigned i = 0; i < n; i++) {
    printf("  ");
    print_json_row(&rows[i]);
    printf(i + 1 < n ? ",\n" : "\n");
  }
  printf(" ],\n \"sum\": ");
  print_json_row(sum);
  printf("}\n");
}

/* Checks that both compiled the same functions and instructions. */
static bool same_counts(const struct row *rows, unsigned n) {
  bool same = true;
  for (unsigned i = 0; i < n; i++) {
    if (rows[i].kiln.instructions == rows[i].llvm.instructions) continue;
    fprintf(stderr, "bench: %s: LLVM counts %" PRIu64 " instructions, Kiln %" PRIu64 "\n",
            rows[i].in.name, rows[i].llvm.instructions, rows[i].kiln.instructions);
    same = false;
  }
  return same;
}

int main(int argc, char **argv) {
  enum { JSON = 256, PASSES, LLVM_PASSES, TARGET };
  static const struct option longs[] = {
    {"json", no_argument, NULL, JSON},
    {"passes", required_argument, NULL, PASSES},
    {"llvm-passes", required_argument, NULL, LLVM_PASSES},
    {"target", required_argument, NULL, TARGET},
    {0},
  };
  bool json = false;
  kiln_target target = {.processor = KILN_PROCESSOR_X86_64};
  unsigned kiln_passes = 40, llvm_passes = 5;
  int c;
  while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
    if (c == JSON) json = true;
    else if (c == PASSES) kiln_passes = (unsigned)strtoul(optarg, NULL, 10);
    else if (c == LLVM_PASSES) llvm_passes = (unsigned)strtoul(optarg, NULL, 10);
    else if (c != TARGET || !kiln_target_find(optarg, &target)) return 2;
  }
  unsigned n = (unsigned)(argc - optind);
  if (n == 0 || kiln_passes == 0 || llvm_passes == 0) {
    fputs("Usage: kiln-bench [--json] [--target=T] [--passes=N] [--llvm-passes=N] FILE.bc...\n",
          stderr);
    return 2;
  }
  struct row *rows = calloc(n, sizeof *rows);
  bool ok = rows != NULL;
  for (unsigned i = 0; i < n && ok; i++) ok = open_input(&rows[i].in, argv[optind + (int)i]);

  /* Freed memory stays with the process, for both compilers, so that later passes reuse its pages. The first, cold
   * pass is printed separately. */
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  struct memory mem = {0};
  const kiln_processor to = target.processor;
  if (ok) mem = (struct memory){peak_kb(rows, n, to, false), peak_kb(rows, n, to, true)};
  for (unsigned pass = 0; pass < kiln_passes && ok; pass++) ok = kiln_pass(rows, n, to, pass);
  ok = ok && bench_llvm_start(to);
  for (unsigned pass = 0; pass < llvm_passes && ok; pass++) ok = llvm_pass(rows, n, pass);
  if (!ok) return 1;

  struct row sum = add_up(rows, n);
  (json ? print_json : print_table)(rows, n, &sum, &mem, kiln_passes, llvm_passes);
  return same_counts(rows, n) ? 0 : 1;
}
