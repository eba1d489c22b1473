/* What the unit tests of the bitcode reader share: bitcode that clang makes from C or LLVM assembly, read into text
 * or a diagnostic. Without clang the tests are skipped, each by name. */
#ifndef BITCODE_FIXTURE_H
#define BITCODE_FIXTURE_H

#include "unit.h"

#include <dlfcn.h>
#include <unistd.h>

#include <kiln/kiln.h>
#include <kiln/llvm.h>

static const char *bc_clang(void) {
  const char *clang = getenv("CLANG");
  return clang ? clang : "clang-22";
}

static inline int bc_have_clang(void) {
  static int have = -1;
  if (have < 0) {
    char command[512];
    snprintf(command, sizeof command, "%s --version >/dev/null 2>&1", bc_clang());
    have = system(command) == 0;
  }
  return have;
}

/* What clang makes of LLVM assembly at -O0, as a loaded library: begin, print the text to what it returns, end. */
struct bc_library {
  char path[32];
  FILE *text;
};

static inline FILE *bc_library_begin(struct bc_library *l) {
  char command[512];
  snprintf(l->path, sizeof l->path, "/tmp/kiln-library-XXXXXX");
  int fd = mkstemp(l->path);
  assert_true(fd >= 0);
  close(fd);
  snprintf(command, sizeof command,
           "%s -w -O0 -shared -fPIC --target=x86_64-pc-linux-gnu -x ir - -o %s", bc_clang(),
           l->path);
  l->text = popen(command, "w");
  assert_non_null(l->text);
  return l->text;
}

static inline void *bc_library_end(struct bc_library *l) {
  assert_int_equal(pclose(l->text), 0);
  void *library = dlopen(l->path, RTLD_NOW | RTLD_LOCAL);
  if (!library) fail_msg("%s", dlerror());
  unlink(l->path);
  return library;
}

/* Bitcode of `source`, which is "c" or "ir", with `flags`. */
static inline kiln_buffer bc_make(const char *language, const char *flags, const char *source) {
  kiln_buffer out = {0};
  char path[] = "/tmp/kiln-bitcode-XXXXXX", command[1024];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  snprintf(command, sizeof command,
           "%s -w --target=x86_64-pc-linux-gnu -fno-vectorize -fno-slp-vectorize -emit-llvm -c %s "
           "-x %s - -o %s",
           bc_clang(), flags, language, path);
  FILE *to = popen(command, "w");
  assert_non_null(to);
  fwrite(source, 1, strlen(source), to);
  assert_int_equal(pclose(to), 0);
  FILE *from = fopen(path, "rb");
  assert_non_null(from);
  uint8_t part[4096];
  for (size_t n; (n = fread(part, 1, sizeof part, from)) > 0;)
    assert_true(kiln_buffer_append(&out, part, n) == KILN_OK);
  fclose(from);
  unlink(path);
  assert_true(out.size > 0);
  return out;
}

/* The result of a read. */
struct bc_result {
  kiln_status status;
  kiln_buffer text; /* of the module and its functions, NUL-terminated */
  uint64_t instructions;
  kiln_diag diag; /* first one reported */
};

struct bc_reading {
  struct bc_result *result;
  bool print;
};

static kiln_status bc_take(void *user, kiln_func *f) {
  struct bc_reading *r = user;
  kiln_status s = kiln_func_verify(f);
  if (s == KILN_OK && r->print) s = kiln_func_print(f, &r->result->text);
  kiln_func_discard(f);
  return s;
}

static void bc_note(void *user, const kiln_diag *d) {
  struct bc_result *r = user;
  if (r->diag.status == KILN_OK) r->diag = *d;
}

static inline void bc_free(struct bc_result *r) { kiln_buffer_free(&r->text); }

static inline struct bc_result bc_read_by(kiln_llvm_decoder decoder, const void *bytes, size_t size,
                                          bool print) {
  struct bc_result result = {0};
  struct bc_reading reading = {&result, print};
  kiln_module_options options = {.target.processor = KILN_PROCESSOR_X86_64,
                                 .name = "test",
                                 .on_diag = bc_note,
                                 .on_diag_user = &result};
  const kiln_llvm_options how = {.decoder = decoder};
  kiln_module *m = kiln_module_new(&options);
  assert_non_null(m);
  kiln_session *s = kiln_session_new(m);
  assert_non_null(s);
  result.status = kiln_llvm_read(s, bytes, size, &how, bc_take, &reading, &result.instructions);
  if (result.status == KILN_OK && print) {
    kiln_buffer head = {0};
    assert_int_equal(kiln_module_print(m, &head), KILN_OK);
    kiln_buffer_append(&head, result.text.data, result.text.size);
    kiln_buffer_append(&head, "", 1);
    kiln_buffer_free(&result.text);
    result.text = head;
  }
  kiln_session_free(s);
  kiln_module_free(m);
  return result;
}

/* Reads and verifies bitcode, by both ways to decode numbers, of which the result must be the same; prints it if
 * `print`. */
static inline struct bc_result bc_read(const void *bytes, size_t size, bool print) {
  struct bc_result plain = bc_read_by(KILN_LLVM_DECODER_PLAIN, bytes, size, print);
  struct bc_result r = bc_read_by(KILN_LLVM_DECODER_PEXT, bytes, size, print);
  assert_int_equal(r.status, plain.status);
  assert_int_equal(r.instructions, plain.instructions);
  assert_string_equal(r.diag.message, plain.diag.message);
  assert_int_equal(r.diag.bit_offset, plain.diag.bit_offset);
  assert_int_equal(r.text.size, plain.text.size);
  if (r.text.size != 0) assert_memory_equal(r.text.data, plain.text.data, r.text.size);
  bc_free(&plain);
  return r;
}

/* What bitcode of a source is read into: a row of a test. */
struct bc_row {
  const char *name, *language, *source;
  const char *lines[12]; /* texts that occur, in this order */
  const char *never;     /* one that does not; NULL: none */
  const char *flags;     /* of clang; NULL: -O0 */
};

/* Reads each row's bitcode; fails if one's text is not as the row says. */
static inline void bc_check_rows(const struct bc_row *rows, size_t n) {
  unsigned failed = 0;
  for (const struct bc_row *row = rows; row < rows + n; row++) {
    kiln_buffer bc = bc_make(row->language, row->flags ? row->flags : "-O0", row->source);
    struct bc_result r = bc_read(bc.data, bc.size, true);
    const char *text = (const char *)r.text.data, *at = text;
    if (r.status != KILN_OK) print_error("%s: %s\n", row->name, r.diag.message);
    failed += r.status != KILN_OK;
    for (size_t k = 0; r.status == KILN_OK && row->lines[k]; k++) {
      const char *found = strstr(at, row->lines[k]);
      if (!found) print_error("%s: no \"%s\" in\n%s\n", row->name, row->lines[k], text);
      failed += !found;
      if (!found) break;
      at = found + strlen(row->lines[k]);
    }
    if (r.status == KILN_OK && row->never && strstr(text, row->never)) {
      print_error("%s: \"%s\" in\n%s\n", row->name, row->never, text);
      failed++;
    }
    bc_free(&r);
    kiln_buffer_free(&bc);
  }
  assert_int_equal(failed, 0);
}

#endif
