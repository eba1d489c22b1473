/* Objects made of hand-written machine code, linked by each of several linkers and run: one test per linker, in each
 * way an executable or library can be linked. A missing linker is a skipped test. */
#include "elf_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

/* ---- code ---- */

struct text {
  uint8_t bytes[256];
  uint32_t n;
  struct {
    uint32_t at;
    kiln_symbol symbol;
    uint32_t type;
    int32_t addend;
  } relocs[32];
  unsigned n_relocs;
};

static void raw(struct text *c, const char *hex) {
  for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
    c->bytes[c->n++] = (uint8_t)byte;
    while (hex[2] == ' ') hex++;
  }
}

/* Instruction bytes `hex`, the last four of which are a field for `symbol`. */
static void with(struct text *c, const char *hex, kiln_symbol symbol, uint32_t type,
                 int32_t addend) {
  raw(c, hex);
  uint32_t at = c->n;
  if (type < 256) raw(c, "00000000");
  else at -= 4; /* AArch64: the field is the instruction */
  c->relocs[c->n_relocs].at = at;
  c->relocs[c->n_relocs].symbol = symbol;
  c->relocs[c->n_relocs].type = type;
  c->relocs[c->n_relocs++].addend = addend;
}

static void body(struct fixture *t, kiln_symbol symbol, const struct text *c) {
  code_of(t->s, symbol, c->bytes, c->n);
  for (unsigned i = 0; i < c->n_relocs; i++)
    code_reloc(t->s, c->relocs[i].at, c->relocs[i].symbol, c->relocs[i].type, c->relocs[i].addend);
}

static kiln_symbol string(struct fixture *t, const char *s) {
  return bytes_of(t, NULL, KILN_LINKAGE_PRIVATE, KILN_DATA_MERGE_STRINGS, s, strlen(s) + 1);
}

/* A function that returns n. */
static kiln_symbol returns(struct fixture *t, const char *name, kiln_linkage linkage, uint8_t n) {
  kiln_symbol f = func(t, name, linkage);
  uint8_t code[6] = {0xb8, n, 0, 0, 0, 0xc3}; /* mov eax, n; ret */
  code_of(t->s2, f, code, sizeof code);
  return f;
}

/* The sum that the program computes, mostly one bit for each part. */
enum { RESULT = 1 + 2 + 4 + 8 + 16 + 32 + 64 + 100 + 1 };

static void x86_64_program(struct fixture *t) {
  kiln_symbol puts_ = undefined(t, "puts"), nowhere = func(t, "nowhere", KILN_LINKAGE_WEAK);
  kiln_symbol one = returns(t, "one", KILN_LINKAGE_INTERNAL, 1);
  kiln_symbol four = returns(t, "four", KILN_LINKAGE_PRIVATE, 4);
  kiln_symbol eight = returns(t, "eight", KILN_LINKAGE_INTERNAL, 8);
  kiln_symbol once = returns(t, "once", KILN_LINKAGE_LINKONCE, 100);
  kiln_symbol alias = kiln_alias_define(
    t->m, &(kiln_symbol_desc){.name = "uno", .linkage = KILN_LINKAGE_WEAK}, one, 0);
  kiln_symbol two = bytes_of(t, "two", KILN_LINKAGE_EXTERNAL, 0, "\2\0\0\0", 4);
  kiln_symbol tls = data_with(t, &(kiln_symbol_desc){.name = "tls", .tls = KILN_TLS_INITIAL_EXEC},
                              &(kiln_data_desc){.bytes = "\x10\0\0\0", .size_bytes = 4});
  kiln_symbol common =
    data_with(t, &(kiln_symbol_desc){.name = "common", .linkage = KILN_LINKAGE_COMMON},
              &(kiln_data_desc){.size_bytes = 4, .align_log2 = 2});
  kiln_symbol flag = bytes_of(t, "flag", KILN_LINKAGE_INTERNAL, 0, NULL, 4);
  kiln_symbol entry = func(t, "entry", KILN_LINKAGE_EXTERNAL);
  kiln_symbol label = kiln_block_symbol(t->m, entry, (kiln_block){1});

  const kiln_reloc four_at = {.offset_bytes = 8, .symbol = four, .size_bytes = 8};
  kiln_symbol table = data_with(t, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE},
                                &(kiln_data_desc){.size_bytes = 16,
                                                  .relocs = &four_at,
                                                  .n_relocs = 1,
                                                  .align_log2 = 3,
                                                  .flags = KILN_DATA_READ_ONLY});
  const kiln_reloc label_at = {.symbol = label, .size_bytes = 8};
  kiln_symbol labels = data_with(
    t, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE},
    &(kiln_data_desc){.size_bytes = 8, .relocs = &label_at, .n_relocs = 1, .align_log2 = 3});
  kiln_symbol relative =
    kiln_data_declare(t->m, &(kiln_symbol_desc){.linkage = KILN_LINKAGE_PRIVATE});
  const kiln_reloc eight_at = {
    .offset_bytes = 4, .symbol = eight, .size_bytes = 4, .relative_to = relative};
  kiln_data_define(
    t->m, relative,
    &(kiln_data_desc){
      .size_bytes = 8, .relocs = &eight_at, .n_relocs = 1, .flags = KILN_DATA_READ_ONLY});

  struct text c = {.n = 0};
  raw(&c, "53"); /* push rbx */
  string(t, "some other string");
  with(&c, "488d3d", string(t, "hello"), R_X86_64_PC32, -4); /* lea rdi, [rip + string] */
  with(&c, "e8", puts_, R_X86_64_PLT32, -4);                 /* call puts */
  with(&c, "e8", one, R_X86_64_PLT32, -4);                   /* call one */
  raw(&c, "89c3");                                           /* mov ebx, eax */
  with(&c, "488b05", two, R_X86_64_REX_GOTPCRELX, -4);       /* mov rax, [rip + two@gotpcrel] */
  raw(&c, "0318");                                           /* add ebx, [rax] */
  with(&c, "488d05", table, R_X86_64_PC32, -4);              /* lea rax, [rip + table] */
  raw(&c, "ff5008 01c3");                                    /* call [rax + 8]; add ebx, eax */
  with(&c, "488d05", relative, R_X86_64_PC32, -4);           /* lea rax, [rip + relative] */
  raw(&c, "48634804 4801c8");                              /* movsxd rcx, [rax + 4]; add rax, rcx */
  raw(&c, "ffd0 01c3");                                    /* call rax; add ebx, eax */
  with(&c, "488b05", tls, R_X86_64_GOTTPOFF, -4);          /* mov rax, [rip + tls@gottpoff] */
  raw(&c, "640318");                                       /* add ebx, fs:[rax] */
  with(&c, "488b05", nowhere, R_X86_64_REX_GOTPCRELX, -4); /* mov rax, [rip + nowhere@gotpcrel] */
  raw(&c, "4885c0 0f95c0 0fb6c0 01c3");                    /* add 1 if it is not 0 */
  with(&c, "031d", flag, R_X86_64_PC32, -4);               /* add ebx, [rip + flag] */
  with(&c, "488b05", common, R_X86_64_REX_GOTPCRELX, -4);  /* mov rax, [rip + common@gotpcrel] */
  raw(&c, "c70040000000 0318");                            /* mov [rax], 64; add ebx, [rax] */
  with(&c, "e8", once, R_X86_64_PLT32, -4);
  raw(&c, "01c3");
  with(&c, "e8", alias, R_X86_64_PLT32, -4);
  raw(&c, "01c3");
  with(&c, "488d05", labels, R_X86_64_PC32, -4); /* lea rax, [rip + labels] */
  raw(&c, "ff20 0f0b");                          /* jmp [rax]; ud2 */
  uint32_t block = c.n;
  raw(&c, "89d8 5b c3"); /* mov eax, ebx; pop rbx; ret */
  body(t, entry, &c);
  code_label(t->s, 1, block);
  code_cfi(t->s, "\x41\x0e\x10\x83\x02", 5); /* from byte 1: CFA = rsp + 16, rbx at CFA - 16 */
  kiln_alias_define(t->m, &(kiln_symbol_desc){.name = "main"}, entry, 0);

  struct text start = {.n = 0};
  with(&start, "c705", flag, R_X86_64_PC32, -8); /* mov [rip + flag], 32 */
  raw(&start, "20000000 c3");
  kiln_symbol ctor = func(t, "ctor", KILN_LINKAGE_INTERNAL);
  body(t, ctor, &start);
  struct text end = {.n = 0};
  raw(&end, "4883ec08");
  with(&end, "488d3d", string(t, "bye"), R_X86_64_PC32, -4);
  with(&end, "e8", puts_, R_X86_64_PLT32, -4);
  raw(&end, "4883c408 c3");
  kiln_symbol dtor = func(t, "dtor", KILN_LINKAGE_INTERNAL);
  body(t, dtor, &end);
  kiln_ctor_add(
    t->m, &(kiln_ctor_desc){.func = ctor, .has_priority = true, .priority = 200, .at_exit = false});
  kiln_ctor_add(t->m, &(kiln_ctor_desc){.func = dtor, .at_exit = true});
}

/* Another object with the same group; nothing of it must be left over. */
static void second_program(struct fixture *t) {
  kiln_symbol once = returns(t, "once", KILN_LINKAGE_LINKONCE, 100);
  const kiln_reloc r = {.symbol = once, .size_bytes = 8};
  data_with(
    t, &(kiln_symbol_desc){.name = "keeps"},
    &(kiln_data_desc){
      .size_bytes = 8, .relocs = &r, .n_relocs = 1, .align_log2 = 3, .flags = KILN_DATA_USED});
}

static void aarch64_program(struct fixture *t) {
  kiln_symbol puts_ = undefined(t, "puts");
  kiln_symbol five = func(t, "five", KILN_LINKAGE_INTERNAL);
  kiln_symbol seven = bytes_of(t, "seven", KILN_LINKAGE_EXTERNAL, 0, "\7\0\0\0\0\0\0\0", 8);
  kiln_symbol text_ = string(t, "hello");
  struct text c = {.n = 0};
  raw(&c, "fd7bbfa9");                                        /* stp x29, x30, [sp, -16]! */
  with(&c, "00000090", text_, R_AARCH64_ADR_PREL_PG_HI21, 0); /* adrp x0, string */
  with(&c, "00000091", text_, R_AARCH64_ADD_ABS_LO12_NC, 0);  /* add x0, x0, :lo12:string */
  with(&c, "00000094", puts_, R_AARCH64_CALL26, 0);           /* bl puts */
  with(&c, "00000094", five, R_AARCH64_CALL26, 0);            /* bl five */
  with(&c, "01000090", seven, R_AARCH64_ADR_GOT_PAGE, 0);     /* adrp x1, :got:seven */
  with(&c, "210040f9", seven, R_AARCH64_LD64_GOT_LO12_NC, 0); /* ldr x1, [x1, ...] */
  raw(&c, "210040f9 0000018b fd7bc1a8 c0035fd6"); /* ldr x1, [x1]; add; ldp x29, x30; ret */
  body(t, func(t, "main", KILN_LINKAGE_EXTERNAL), &c);
  code_cfi(t->s, "\x41\x0e\x10\x9d\x02\x9e\x01", 7);
  code_of(t->s, five, "\xa0\0\x80\x52\xc0\x03\x5f\xd6", 8); /* mov w0, 5; ret */
}

/* ---- linking ---- */

struct scene {
  char dir[64];
  struct fixture *t;
};

static void write_object(struct scene *s, const char *name) {
  char path[128];
  if (emit(s->t) != KILN_OK) fail_msg("%s", kiln_module_diag(s->t->m)->message);
  snprintf(path, sizeof path, "%s/%s", s->dir, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(s->t->object.data, 1, s->t->object.size, f), s->t->object.size);
  assert_int_equal(fclose(f), 0);
}

/* Runs a command in the scene's folder; its exit status, and its output in `out`. */
static int run(const struct scene *s, const char *command, char *out, size_t size) {
  char line[600];
  snprintf(line, sizeof line, "cd %s && { %s; } 2>&1", s->dir, command);
  FILE *p = popen(line, "r");
  assert_non_null(p);
  size_t n = fread(out, 1, size - 1, p);
  out[n] = 0;
  int status = pclose(p);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool exists(const char *program) {
  char command[100];
  snprintf(command, sizeof command, "command -v %s >/dev/null", program);
  return system(command) == 0;
}

static void open_scene(struct scene *s, struct fixture *t) {
  s->t = t;
  strcpy(s->dir, "/tmp/kiln-link-XXXXXX");
  assert_non_null(mkdtemp(s->dir));
}

static void close_scene(const struct scene *s) {
  char out[16], command[100];
  snprintf(command, sizeof command, "rm -rf %s", s->dir);
  assert_int_equal(run(s, command, out, sizeof out), 0);
}

static void check_run(const struct scene *s, const char *what, const char *link, const char *start,
                      int result, const char *output) {
  char out[2000];
  int status = run(s, link, out, sizeof out);
  if (status != 0 || out[0] != 0) fail_msg("%s: %s: %s", what, link, out);
  status = run(s, start, out, sizeof out);
  if (status != result || strcmp(out, output) != 0)
    fail_msg("%s: exit status %d, output '%s'", what, status, out);
}

/* Decided by gcc's target, not by this program's, which may run under qemu. */
static bool makes_x86_64(void) { return system("gcc -dumpmachine 2>&1 | grep -q '^x86_64'") == 0; }

/* Links with `linker`, whose program is one of two. */
static void link_with(struct fixture *t, const char *linker, const char *program,
                      const char *program2) {
  if (!makes_x86_64() || (!exists(program) && !exists(program2))) skip();
  struct scene s;
  char out[600], command[300];
  open_scene(&s, t);
  x86_64_program(t);
  write_object(&s, "a.o");
  t->options.function_sections = t->options.data_sections = true;
  close_module(t);
  open_module(t);
  x86_64_program(t);
  write_object(&s, "sections.o");
  close_module(t);
  open_module(t);
  second_program(t);
  write_object(&s, "b.o");
  snprintf(command, sizeof command,
           "ln -s $(command -v %s || command -v %s) ld.%s; "
           "echo 'int entry(void); int main(void) { return entry(); }' > m.c",
           program, program2, linker);
  assert_int_equal(run(&s, command, out, sizeof out), 0);
  static const struct {
    const char *what, *link;
  } modes[] = {
    {"static", "-static a.o b.o"},
    {"no-pie", "-no-pie a.o b.o"},
    {"pie", "-pie a.o b.o"},
    {"pie, no lazy binding, collected", "-pie -Wl,-z,now,--gc-sections sections.o b.o"},
    {"relocatable first", "-r -o c.o a.o b.o && gcc -B. $LD -pie c.o"},
    {"shared", "-shared a.o b.o -o liba.so && gcc -B. $LD m.c -L. -Wl,-rpath,$PWD -la"},
    {"archive, the other order", "-pie b.o a.o"},
  };
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    /* mold 1.10 -r turns common symbols into absolute ones, gcc's as well */
    if (i == 4 && strcmp(linker, "mold") == 0) continue;
    snprintf(command, sizeof command,
             "LD='-fuse-ld=%s -Wl,--fatal-warnings'; rm -f a.out; gcc -B. $LD %s", linker,
             modes[i].link);
    check_run(&s, modes[i].what, command, "./a.out", RESULT, "hello\nbye\n");
  }
  close_scene(&s);
}

static void link_bfd(void **state) { link_with(*state, "bfd", "ld.bfd", "ld"); }
static void link_gold(void **state) { link_with(*state, "gold", "ld.gold", "gold"); }
static void link_lld(void **state) { link_with(*state, "lld", "ld.lld-22", "ld.lld"); }
static void link_mold(void **state) { link_with(*state, "mold", "mold", "ld.mold"); }

static void link_aarch64(void **state) {
  struct fixture *t = *state;
  if (!exists("aarch64-linux-gnu-gcc") || !exists("qemu-aarch64")) skip();
  t->options.target.processor = KILN_PROCESSOR_AARCH64;
  close_module(t);
  open_module(t);
  struct scene s;
  open_scene(&s, t);
  aarch64_program(t);
  write_object(&s, "a.o");
  static const char *const modes[] = {"-static", "-pie", "-no-pie"};
  for (size_t i = 0; i < 3; i++) {
    char command[200];
    snprintf(command, sizeof command, "aarch64-linux-gnu-gcc -Wl,--fatal-warnings %s a.o",
             modes[i]);
    check_run(&s, modes[i], command, "qemu-aarch64 -L /usr/aarch64-linux-gnu ./a.out", 12,
              "hello\n");
  }
  close_scene(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    ELF_TEST(link_bfd),  ELF_TEST(link_gold),    ELF_TEST(link_lld),
    ELF_TEST(link_mold), ELF_TEST(link_aarch64),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
