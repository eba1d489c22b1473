/* Options of rustc, by the table rustc_options.def. What it calls BITCODE (relocation model, processor, features,
 * sanitizers, debug information) is in the module's flags and its functions' attributes, where Kiln's reader honours or
 * refuses it. */
#include "rustc_options.h"

#include <stdio.h>
#include <string.h>

enum class { KILN, LLVM, BITCODE, PASSES, LINK, REPORT, MACHINE, FRONT };

static const struct row {
  char letter;
  const char *name;
  enum class class;
  const char *ours;
} rows[] = {
#define OPTION(letter, name, class, ours) {letter, name, class, ours},
#include "rustc_options.def"
};

static const struct row *find(int letter, const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].letter == letter && strcmp(rows[i].name, name) == 0) return &rows[i];
  return NULL;
}

/* As rustc reads the value of a switch; without a value it is on. */
static bool is_on(const char *value) {
  static const char *const words[] = {"y", "yes", "on", "true"};
  if (value == NULL) return true;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(value, words[i]) == 0) return true;
  return false;
}

static bool is_off(const char *value) { return value != NULL && rustc_is_off(value); }

/* Is the value one of a row's words? */
static bool is_ours(const char *ours, const char *value) {
  for (size_t n; *ours != 0; ours += n + (ours[n] == ' ')) {
    n = strcspn(ours, " ");
    if (strncmp(ours, "off", n) == 0 && n == 3 && is_off(value)) return true;
    if (strncmp(ours, "on", n) == 0 && n == 2 && is_on(value)) return true;
    if (value != NULL && strlen(value) == n && strncmp(ours, value, n) == 0) return true;
  }
  return false;
}

/* opt-level: 0 to 3, "s" or "z", which are 2 for the code generator. */
static int level_of(const char *value) {
  if (strcmp(value, "no") == 0) return 0;
  return value[0] >= '0' && value[0] <= '3' && value[1] == 0 ? value[0] - '0' : 2;
}

static void for_llvm(struct rustc_options *o, int letter, const char *name, const char *text,
                     const char *value) {
  if (o->llvm[0] == 0)
    snprintf(o->llvm, sizeof o->llvm, "-%c %s%s%.32s", letter, name, text, value);
}

/* An option of -C or -Z. */
static void of_row(struct rustc_options *o, int letter, const char *name, const char *value) {
  const struct row *row = find(letter, name);
  const char *said = value != NULL ? value : "";
  if (row == NULL) for_llvm(o, letter, name, ", an option that Kiln does not know", "");
  else if (row->class == LLVM && row->ours[0] == 0) for_llvm(o, letter, name, "", "");
  else if (row->class == LLVM && !is_ours(row->ours, value))
    for_llvm(o, letter, name, value != NULL ? "=" : "", said);
  else if (strcmp(name, "opt-level") == 0) o->level = level_of(said);
  else if (strcmp(name, "incremental") == 0) o->incremental = said;
  else if (strcmp(name, "linker") == 0) o->linker = said;
  else if (strcmp(name, "codegen-units") == 0) o->units = true;
  else if (strcmp(name, "metadata") == 0) o->metadata = true;
  else if (strcmp(name, "codegen-backend") == 0) o->backend = true;
  else if (strcmp(name, "function-sections") == 0) o->no_function_sections = is_off(value);
  else if (strcmp(name, "no-generate-arange-section") == 0) o->no_aranges = is_on(value);
  else if (strcmp(name, "lto") == 0) o->lto = !is_off(value);
  else if (strcmp(name, "linker-plugin-lto") == 0) o->linker_lto = !is_off(value);
}

/* Is the output that --emit names put together of those of all units? For any other kind rustc makes one unit, so that
 * there is one file, unless the command line gives the number of units. */
static bool is_of_units(const char *kind, size_t n) {
  static const char *const kinds[] = {"link", "metadata", "dep-info"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strlen(kinds[i]) == n && strncmp(kinds[i], kind, n) == 0) return true;
  return false;
}

/* --emit: kinds with commas between them, each with a path or without. */
static void emit(struct rustc_options *o, const char *kinds) {
  o->emit = true;
  for (size_t n; *kinds != 0; kinds += n + (kinds[n] == ',')) {
    n = strcspn(kinds, ",");
    size_t word = strcspn(kinds, "=,");
    o->one_unit |= !is_of_units(kinds, word);
    if (word == 3 && strncmp(kinds, "asm", 3) == 0) {
      static char path[4096];
      o->assembly = true;
      if (kinds[3] == '=') {
        snprintf(path, sizeof path, "%.*s", (int)(n - 4), kinds + 4);
        o->assembly_path = path;
      }
    } else if (word == 3 && strncmp(kinds, "obj", 3) == 0) {
      o->objects = true;
    } else if (word == 4 && strncmp(kinds, "link", 4) == 0) {
      o->objects = true;
    } else if (word > 5 && strncmp(kinds, "llvm-", 5) == 0) {
      o->ir = true;
    }
  }
}

static void option(void *user, int kind, const char *name, const char *value) {
  struct rustc_options *o = user;
  switch (kind) {
  case 'C':
  case 'Z': of_row(o, kind, name, value); break;
  case 'O': o->level = 3; break;
  case 'V': o->version = true; break;
  case 'v': o->verbose = true; break;
  case RUSTC_TARGET: o->target = value; break;
  case RUSTC_EMIT: emit(o, value != NULL ? value : ""); break;
  case RUSTC_INPUT:
    o->words.unread |= name[0] == '@';
    break; /* a file of arguments in such a file, or a shell's */
  default:
    if (strncmp(name, "--crate-name", strlen("--crate-name")) == 0) o->crate = value;
    break;
  }
}

void rustc_options_begin(struct rustc_options *o) {
  *o = (struct rustc_options){.words = {.fn = option, .user = o}};
}
