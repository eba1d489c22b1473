/* Compiles each line of standard input as a program and a module of its own, as a prompt would, to
 * FOLDER/line_N.o with the entry line_N. Later lines use what earlier ones declared; a wrong one leaves
 * nothing after it. Prints the numbers of the lines that were compiled. Called by test.py. */
#include "gen.h"

#include <stdio.h>
#include <string.h>

static bool compile_line(struct clay *c, const char *folder, unsigned number) {
  struct program p = {0};
  char entry[32], path[4096];
  snprintf(entry, sizeof entry, "line_%u", number);
  snprintf(path, sizeof path, "%s/%s.o", folder, entry);
  parse_program(c, &p);
  if (c->errors == 0) check_program(c, &p);
  if (c->errors > 0) return false;

  kiln_module_options options = {.name = c->file, .verify = true};
  kiln_module *m = kiln_module_new(&options);
  kiln_session *s = kiln_session_new(m);
  kiln_buffer object = {0};
  bool ok = s != NULL && gen_program(c, &p, s, entry, NULL, NULL) == KILN_OK &&
            kiln_emit_elf(m, &s, 1, &object) == KILN_OK;
  if (s != NULL && !ok) fprintf(stderr, "%s\n", kiln_module_diag(m)->message);
  FILE *out = ok ? fopen(path, "wb") : NULL;
  ok = out != NULL && fwrite(object.data, 1, object.size, out) == object.size;
  if (out != NULL) ok &= fclose(out) == 0;
  kiln_buffer_free(&object);
  kiln_session_free(s);
  kiln_module_free(m);
  return ok;
}

int main(int argc, char **argv) {
  static char line[65536];
  struct clay c;
  if (argc != 2) return 2;
  clay_init(&c);
  for (unsigned number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
    clay_input(&c, "line", line, strlen(line));
    if (compile_line(&c, argv[1], number)) printf("%u\n", number);
  }
  clay_free(&c);
  return 0;
}
