/* docs/finding-bugs.md: the interpreter runs a function, and says where its behaviour is undefined. */
#include <kiln/interp.h>
#include <kiln/text.h>
#include <stdio.h>

static const char text[] = "func @half(i64, i64) -> i64 {\n"
                           "b0(v0: i64, v1: i64):\n"
                           "  v2 = sdiv.i64 v0, v1\n"
                           "  ret v2\n"
                           "}\n";

int main(void) {
  kiln_module *m = kiln_module_new(&(kiln_module_options){.name = "oracle"});
  kiln_session *s = kiln_session_new(m);
  kiln_interp *in = kiln_interp_new(m, NULL);
  kiln_interp_value args[] = {{84, 0}, {2, 0}}, result = {0, 0};
  kiln_diag diag;
  kiln_symbol half;
  bool ok = kiln_text_read(s, text, sizeof text - 1, kiln_interp_sink, in) == KILN_OK &&
            kiln_interp_link(in, NULL) == KILN_OK &&
            (half = kiln_symbol_lookup(m, "half")).id != 0 &&
            kiln_interp_call(in, half, args, 2, &result, &diag) == KILN_OK && result.low == 42;
  args[1].low = 0;
  if (ok && kiln_interp_call(in, half, args, 2, &result, &diag) == KILN_ERR_TRAP) {
    char line[512];
    kiln_diag_format(&diag, line, sizeof line);
    puts(line);
  }
  kiln_interp_free(in);
  kiln_session_free(s);
  kiln_module_free(m);
  return ok ? 0 : 1;
}
