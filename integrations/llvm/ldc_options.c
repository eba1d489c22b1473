/* Options of LDC that bear on code generation and that its bitcode does not say. LLVM's parser takes one dash or two,
 * and a value after '=' or as the next word; ldmd2 hands DMD's options on to ldc2 in this form. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

/* The text of an option after its dashes; NULL: the word is none. */
static const char *option_of(const char *w) {
  if (w[0] != '-') return NULL;
  return w + (w[1] == '-' ? 2 : 1);
}

static bool is(const char *option, const char *name) {
  size_t n = strlen(name);
  return strncmp(option, name, n) == 0 && (option[n] == 0 || option[n] == '=');
}

/* -O is -O3; -Os and -Oz are -O2 for the code generator, -O4 and -O5 are -O3. */
static int level_of(const char *letter) {
  if (letter[0] == 0) return 3;
  if (letter[0] == 's' || letter[0] == 'z') return 2;
  return letter[0] >= '0' && letter[0] <= '5' && letter[1] == 0
           ? (letter[0] > '3' ? 3 : letter[0] - '0')
           : 3;
}

/* What makes other code than Kiln's options can say. */
static const char *const refused[] = {"code-model", "float-abi", "mllvm",
                                      "flto",       "fsanitize", "tls-model"};

static void word(void *user, const char *w, const char *before) {
  (void)before;
  struct shim_compiler *c = user;
  const char *option = option_of(w);
  if (option == NULL) return;
  if (option[0] == 'O') c->why = shim_level_refused(level_of(option + 1));
  if (is(option, "mcpu") || is(option, "mattr")) c->features = 0; /* functions say it, then */
  if (is(option, "disable-linker-strip-dead")) c->function_sections = c->data_sections = false;
}

static void look_for_refused(void *user, const char *w, const char *before) {
  (void)before;
  struct shim_compiler *c = user;
  const char *option = option_of(w);
  for (size_t i = 0; option != NULL && i < sizeof refused / sizeof *refused; i++)
    if (is(option, refused[i])) c->why = "an option of its command line is for LLVM only";
}

void shim_ldc_options(struct shim_compiler *c) {
  c->function_sections = c->data_sections =
    true; /* LDC's default on Linux: the linker strips what is not used */
  c->features = KILN_FEATURE_CX16;
  if (!shim_command_line(word, c) || !shim_command_line(look_for_refused, c))
    c->why = "its command line cannot be read";
}
