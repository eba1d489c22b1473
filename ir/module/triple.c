/* Names of targets, and triples: <kiln/target.h>. Called by front ends, and by module.c, which completes a module's
 * target here. Invariant: of what code generation has for a target nothing is known here. */
#include "ir/module/module_state.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

/* The name, and others that triples have. */
static const char *const processor_names[][5] = {
  [KILN_PROCESSOR_X86_64] = {"x86_64", "amd64", "x86-64", "x64"},
  [KILN_PROCESSOR_AARCH64] = {"aarch64", "arm64"},
};
_Static_assert(sizeof processor_names / sizeof *processor_names == KILN_PROCESSOR_COUNT,
               "every processor");

static const char *const system_names[] = {
  [KILN_SYSTEM_LINUX] = "linux", [KILN_SYSTEM_WINDOWS] = "windows", [KILN_SYSTEM_MACOS] = "macos"};
_Static_assert(sizeof system_names / sizeof *system_names == KILN_SYSTEM_COUNT, "every system");

static const char *const format_names[] = {
  [KILN_FORMAT_ELF] = "elf", [KILN_FORMAT_COFF] = "coff", [KILN_FORMAT_MACH_O] = "macho"};
_Static_assert(sizeof format_names / sizeof *format_names == KILN_FORMAT_COUNT, "every format");

const char *kiln_processor_name(kiln_processor p) {
  return (unsigned)p < KILN_PROCESSOR_COUNT ? processor_names[p][0] : NULL;
}

const char *kiln_system_name(kiln_system s) {
  return (unsigned)s < KILN_SYSTEM_COUNT ? system_names[s] : NULL;
}

const char *kiln_format_name(kiln_format f) {
  return (unsigned)f < KILN_FORMAT_COUNT ? format_names[f] : NULL;
}

const char *kn_target_name(const kiln_module *m, char out[KN_TARGET_NAME]) {
  const kiln_target *t = &m->options.target;
  const bool plain = t->system == KILN_SYSTEM_LINUX;
  snprintf(out, KN_TARGET_NAME, "%s%s%s", kiln_processor_name(t->processor), plain ? "" : "-",
           plain ? "" : kiln_system_name(t->system));
  return out;
}

/* Does `text` begin with `name`, and is that all of it, or all before a '-'? */
static bool begins(const char *text, const char *name) {
  size_t n = strlen(name);
  return strncmp(text, name, n) == 0 && (text[n] == 0 || text[n] == '-');
}

/* The processor that begins a name or triple, and what follows it; KILN_PROCESSOR_HOST: none. */
static kiln_processor find_processor(const char *name, const char **rest) {
  for (unsigned p = 0; p < KILN_PROCESSOR_COUNT; p++) {
    for (const char *const *is = processor_names[p]; *is != NULL; is++) {
      if (!begins(name, *is)) continue;
      *rest = name + strlen(*is);
      return (kiln_processor)p;
    }
  }
  return KILN_PROCESSOR_HOST;
}

/* ---- triples ---- */

/* What a part of a triple after the processor says: a system (HOST: nothing), a format (USUAL: nothing). Numbers may
 * follow. Systems with the ABI of Linux for all that code generation makes are rows of Linux: ELF, the System V
 * convention or AAPCS64, the same models of thread-local storage, and no register more that is reserved than x18. What
 * is not here (x32, ILP32, OpenBSD and OHOS with their emulated thread-local storage, ...) is no target. */
static const struct {
  const char *word;
  kiln_system system;
  kiln_format format;
} words[] = {
  {"", 0, 0},
  {"unknown", 0, 0},
  {"gnu", 0, 0},
  {"llvm", 0, 0},
  {"gnullvm", 0, 0}, /* of Windows: gnu with LLVM's linker and libraries */
  {"w", 0, 0},       /* w64, a vendor */
  {"none", KILN_SYSTEM_LINUX, 0},
  {"linux", KILN_SYSTEM_LINUX, 0},
  {"musl", KILN_SYSTEM_LINUX, 0},
  {"android", KILN_SYSTEM_LINUX, 0},
  {"hurd", KILN_SYSTEM_LINUX, 0},
  {"freebsd", KILN_SYSTEM_LINUX, 0},
  {"netbsd", KILN_SYSTEM_LINUX, 0},
  {"dragonfly", KILN_SYSTEM_LINUX, 0},
  {"haiku", KILN_SYSTEM_LINUX, 0},
  {"fuchsia", KILN_SYSTEM_LINUX, 0},
  {"hermit", KILN_SYSTEM_LINUX, 0},
  {"redox", KILN_SYSTEM_LINUX, 0},
  {"serenity", KILN_SYSTEM_LINUX, 0},
  {"managarm", KILN_SYSTEM_LINUX, 0},
  {"relibc", KILN_SYSTEM_LINUX, 0},
  {"mlibc", KILN_SYSTEM_LINUX, 0},
  {"windows", KILN_SYSTEM_WINDOWS, 0},
  {"win", KILN_SYSTEM_WINDOWS, 0}, /* win32 */
  {"mingw", KILN_SYSTEM_WINDOWS, 0},
  {"cygwin", KILN_SYSTEM_WINDOWS, 0},
  {"uefi", KILN_SYSTEM_WINDOWS, 0},
  {"apple", KILN_SYSTEM_MACOS, 0},
  {"darwin", KILN_SYSTEM_MACOS, 0},
  {"macos", KILN_SYSTEM_MACOS, 0},
  {"macosx", KILN_SYSTEM_MACOS, 0},
  {"ios", KILN_SYSTEM_MACOS, 0},
  {"elf", 0, KILN_FORMAT_ELF},
  {"coff", 0, KILN_FORMAT_COFF},
  {"macho", 0, KILN_FORMAT_MACH_O},
};

kiln_format kn_usual_format(kiln_system s) {
  static const kiln_format formats[] = {[KILN_SYSTEM_LINUX] = KILN_FORMAT_ELF,
                                        [KILN_SYSTEM_WINDOWS] = KILN_FORMAT_COFF,
                                        [KILN_SYSTEM_MACOS] = KILN_FORMAT_MACH_O};
  _Static_assert(sizeof formats / sizeof *formats == KILN_SYSTEM_COUNT, "every system");
  return formats[s];
}

/* Adds what part `p` of a triple, of `n` characters, says to `out`; false if it is no word of the list, or
 * contradicts an earlier part. */
static bool add_part(const char *p, size_t n, kiln_target *out) {
  size_t word = 0;
  while (word < n && (p[word] < '0' || p[word] > '9')) word++;
  if (strspn(p + word, "0123456789.") < n - word) return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strlen(words[i].word) != word || memcmp(p, words[i].word, word) != 0) continue;
    if (words[i].system != 0 && out->system != 0 && out->system != words[i].system) return false;
    if (words[i].system != 0) out->system = words[i].system;
    if (words[i].format != 0) out->format = words[i].format;
    return true;
  }
  return false;
}

/* May part number 1 of a triple of `parts` parts be a vendor of any name? Some vendors stand for a system. */
static bool is_vendor(const char *p, size_t n, unsigned parts) {
  static const char *const systems[] = {"apple", "scei", "sie"};
  for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
    if (strlen(systems[i]) == n && memcmp(p, systems[i], n) == 0) return false;
  return parts > 3 || (n == 2 && memcmp(p, "pc", n) == 0);
}

bool kiln_target_find(const char *name, kiln_target *out) {
  const char *p;
  if (name == NULL || out == NULL) return false;
  kiln_target found = {.processor = find_processor(name, &p)};
  if (found.processor == KILN_PROCESSOR_HOST) return false;
  unsigned parts = 1, k = 0;
  for (const char *q = p; *q; q++) parts += *q == '-';
  for (size_t n; *p; p += n) {
    n = strcspn(++p, "-");
    if (k++ == 0 && is_vendor(p, n, parts)) continue;
    if (!add_part(p, n, &found)) return false;
  }
  if (found.system == KILN_SYSTEM_HOST) found.system = KILN_SYSTEM_LINUX;
  if (found.format == KILN_FORMAT_USUAL) found.format = kn_usual_format(found.system);
  *out = found;
  return true;
}

/* ---- this machine ---- */

static kiln_processor host_processor(void) {
#if defined(__x86_64__)
  return KILN_PROCESSOR_X86_64;
#elif defined(__aarch64__)
  return KILN_PROCESSOR_AARCH64;
#else
  return KILN_PROCESSOR_HOST;
#endif
}

static kiln_system host_system(void) {
#ifdef _WIN32
  return KILN_SYSTEM_WINDOWS;
#else
  return KILN_SYSTEM_LINUX;
#endif
}

bool kn_target_complete(kiln_target *t) {
  if ((unsigned)t->processor >= KILN_PROCESSOR_COUNT || (unsigned)t->system >= KILN_SYSTEM_COUNT ||
      (unsigned)t->format >= KILN_FORMAT_COUNT)
    return false;
  const bool named = t->processor != KILN_PROCESSOR_HOST;
  if (!named) t->processor = host_processor();
  if (t->system == KILN_SYSTEM_HOST) t->system = named ? KILN_SYSTEM_LINUX : host_system();
  if (t->format == KILN_FORMAT_USUAL) t->format = kn_usual_format(t->system);
  return t->processor != KILN_PROCESSOR_HOST;
}

bool kiln_target_find_host(kiln_target *out) {
  kiln_target host = {0};
  if (out == NULL || !kn_target_complete(&host)) return false;
  *out = host;
  return true;
}
