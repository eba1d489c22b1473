/* kiln-dis: the program behind `kiln dis`. Prints the code of an ELF64 object or executable: sections,
 * symbol labels, instructions (Zydis for x86-64, Capstone for AArch64), and each relocation in the
 * line of the instruction that holds it. Reads by libelf only; never trusts an index. */
#include <capstone/capstone.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <Zydis/Zydis.h>

struct label {
  uint64_t at;
  const char *name;
};

struct reloc {
  uint64_t at;
  uint32_t type;
  int64_t addend;
  const char *symbol;
};

/* One section of code with what points into it. */
struct code {
  const uint8_t *bytes;
  size_t size;
  uint64_t base; /* address of the first byte; 0 in objects */
  struct label *labels;
  size_t n_labels;
  struct reloc *relocs;
  size_t n_relocs;
};

struct object {
  Elf *elf;
  GElf_Ehdr head;
  size_t names; /* section of section names */
};

#define ROW(name, number) [number] = #name
static const char *const x86_names[] = {
  ROW(R_X86_64_64, 1),
  ROW(R_X86_64_PC32, 2),
  ROW(R_X86_64_GOT32, 3),
  ROW(R_X86_64_PLT32, 4),
  ROW(R_X86_64_GOTPCREL, 9),
  ROW(R_X86_64_32, 10),
  ROW(R_X86_64_32S, 11),
  ROW(R_X86_64_16, 12),
  ROW(R_X86_64_PC16, 13),
  ROW(R_X86_64_8, 14),
  ROW(R_X86_64_PC8, 15),
  ROW(R_X86_64_DTPMOD64, 16),
  ROW(R_X86_64_DTPOFF64, 17),
  ROW(R_X86_64_TPOFF64, 18),
  ROW(R_X86_64_TLSGD, 19),
  ROW(R_X86_64_TLSLD, 20),
  ROW(R_X86_64_DTPOFF32, 21),
  ROW(R_X86_64_GOTTPOFF, 22),
  ROW(R_X86_64_TPOFF32, 23),
  ROW(R_X86_64_PC64, 24),
  ROW(R_X86_64_GOTOFF64, 25),
  ROW(R_X86_64_GOTPC32, 26),
  ROW(R_X86_64_SIZE32, 32),
  ROW(R_X86_64_SIZE64, 33),
  ROW(R_X86_64_GOTPC32_TLSDESC, 34),
  ROW(R_X86_64_TLSDESC_CALL, 35),
  ROW(R_X86_64_GOTPCRELX, 41),
  ROW(R_X86_64_REX_GOTPCRELX, 42),
};
#undef ROW

static const struct {
  uint32_t number;
  const char *name;
} a64_names[] = {
  {257, "R_AARCH64_ABS64"},
  {258, "R_AARCH64_ABS32"},
  {260, "R_AARCH64_PREL64"},
  {261, "R_AARCH64_PREL32"},
  {273, "R_AARCH64_LD_PREL_LO19"},
  {274, "R_AARCH64_ADR_PREL_LO21"},
  {275, "R_AARCH64_ADR_PREL_PG_HI21"},
  {277, "R_AARCH64_ADD_ABS_LO12_NC"},
  {278, "R_AARCH64_LDST8_ABS_LO12_NC"},
  {279, "R_AARCH64_TSTBR14"},
  {280, "R_AARCH64_CONDBR19"},
  {282, "R_AARCH64_JUMP26"},
  {283, "R_AARCH64_CALL26"},
  {284, "R_AARCH64_LDST16_ABS_LO12_NC"},
  {285, "R_AARCH64_LDST32_ABS_LO12_NC"},
  {286, "R_AARCH64_LDST64_ABS_LO12_NC"},
  {299, "R_AARCH64_LDST128_ABS_LO12_NC"},
  {311, "R_AARCH64_ADR_GOT_PAGE"},
  {312, "R_AARCH64_LD64_GOT_LO12_NC"},
  {541, "R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21"},
  {542, "R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC"},
  {549, "R_AARCH64_TLSLE_ADD_TPREL_HI12"},
  {551, "R_AARCH64_TLSLE_ADD_TPREL_LO12_NC"},
  {562, "R_AARCH64_TLSDESC_ADR_PAGE21"},
  {563, "R_AARCH64_TLSDESC_LD64_LO12"},
  {564, "R_AARCH64_TLSDESC_ADD_LO12"},
  {569, "R_AARCH64_TLSDESC_CALL"},
};

static const char *reloc_name(const struct object *o, uint32_t type) {
  static char number[32];
  if (o->head.e_machine == EM_X86_64 && type < sizeof x86_names / sizeof *x86_names &&
      x86_names[type] != NULL) {
    return x86_names[type];
  }
  for (size_t i = 0; i < sizeof a64_names / sizeof *a64_names; i++) {
    if (o->head.e_machine == EM_AARCH64 && a64_names[i].number == type) return a64_names[i].name;
  }
  snprintf(number, sizeof number, "relocation %" PRIu32, type);
  return number;
}

static int by_place(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }
static int compare_labels(const void *a, const void *b) {
  return by_place(((const struct label *)a)->at, ((const struct label *)b)->at);
}
static int compare_relocs(const void *a, const void *b) {
  return by_place(((const struct reloc *)a)->at, ((const struct reloc *)b)->at);
}

/* A tool's memory: its lack ends the program. */
static void *grow(void *old, size_t n, size_t item) {
  if ((n & (n - 1)) != 0) return old; /* doubled at powers of two */
  void *p = realloc(old, (n == 0 ? 1 : 2 * n) * item);
  if (p == NULL) {
    fputs("kiln dis: error: out of memory\n", stderr);
    exit(1);
  }
  return p;
}

/* Name of a symbol; a section symbol has that of its section. */
static const char *symbol_name(const struct object *o, const GElf_Shdr *table, const GElf_Sym *s) {
  const char *name = NULL;
  if (GELF_ST_TYPE(s->st_info) == STT_SECTION) {
    GElf_Shdr h;
    Elf_Scn *scn = elf_getscn(o->elf, s->st_shndx);
    if (scn != NULL && gelf_getshdr(scn, &h) != NULL)
      name = elf_strptr(o->elf, o->names, h.sh_name);
  } else {
    name = elf_strptr(o->elf, table->sh_link, s->st_name);
  }
  return name != NULL ? name : "?";
}

static void collect_labels(const struct object *o, size_t section, struct code *c) {
  for (Elf_Scn *scn = elf_nextscn(o->elf, NULL); scn != NULL; scn = elf_nextscn(o->elf, scn)) {
    GElf_Shdr h;
    Elf_Data *d = elf_getdata(scn, NULL);
    if (gelf_getshdr(scn, &h) == NULL || h.sh_type != SHT_SYMTAB || d == NULL) continue;
    GElf_Sym s;
    for (int i = 0; gelf_getsym(d, i, &s) != NULL; i++) {
      if (s.st_shndx != section || GELF_ST_TYPE(s.st_info) == STT_SECTION) continue;
      c->labels = grow(c->labels, c->n_labels, sizeof *c->labels);
      c->labels[c->n_labels++] = (struct label){s.st_value, symbol_name(o, &h, &s)};
    }
  }
  if (c->n_labels > 0) qsort(c->labels, c->n_labels, sizeof *c->labels, compare_labels);
}

static void collect_relocs(const struct object *o, size_t section, struct code *c) {
  for (Elf_Scn *scn = elf_nextscn(o->elf, NULL); scn != NULL; scn = elf_nextscn(o->elf, scn)) {
    GElf_Shdr h, symbols;
    Elf_Data *d = elf_getdata(scn, NULL);
    if (gelf_getshdr(scn, &h) == NULL || h.sh_type != SHT_RELA || h.sh_info != section) continue;
    Elf_Scn *table = elf_getscn(o->elf, h.sh_link);
    Elf_Data *rows = elf_getdata(table, NULL);
    if (d == NULL || gelf_getshdr(table, &symbols) == NULL) continue;
    GElf_Rela r;
    for (int i = 0; gelf_getrela(d, i, &r) != NULL; i++) {
      GElf_Sym s;
      bool known = gelf_getsym(rows, (int)GELF_R_SYM(r.r_info), &s) != NULL;
      c->relocs = grow(c->relocs, c->n_relocs, sizeof *c->relocs);
      c->relocs[c->n_relocs++] =
        (struct reloc){r.r_offset, (uint32_t)GELF_R_TYPE(r.r_info), r.r_addend,
                       known ? symbol_name(o, &symbols, &s) : "?"};
    }
  }
  if (c->n_relocs > 0) qsort(c->relocs, c->n_relocs, sizeof *c->relocs, compare_relocs);
}

/* Decoders: write the text of the instruction at `at` and return its length, 0 if it is none. */
static size_t decode_x86(const struct code *c, size_t at, char *text, size_t text_size) {
  ZydisDecoder decoder;
  ZydisFormatter formatter;
  ZydisDecodedInstruction in;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                            ZYDIS_PADDING_DISABLED);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
  if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, c->bytes + at, c->size - at, &in, operands)))
    return 0;
  ZydisFormatterFormatInstruction(&formatter, &in, operands, in.operand_count_visible, text,
                                  text_size, c->base + at, ZYAN_NULL);
  return in.length;
}

static csh capstone;

static size_t decode_a64(const struct code *c, size_t at, char *text, size_t text_size) {
  cs_insn *in;
  if (cs_disasm(capstone, c->bytes + at, c->size - at, c->base + at, 1, &in) != 1) return 0;
  snprintf(text, text_size, "%s%s%s", in->mnemonic, in->op_str[0] != 0 ? " " : "", in->op_str);
  size_t n = in->size;
  cs_free(in, 1);
  return n;
}

static void print_line(const struct object *o, const struct code *c, size_t at, size_t n,
                       const char *text, size_t *reloc) {
  printf("%8" PRIx64 ": ", c->base + at);
  for (size_t i = 0; i < n; i++) printf(" %02x", c->bytes[at + i]);
  printf("%*s %s", n < 8 ? (int)(3 * (8 - n)) : 0, "", text);
  const char *lead = "    ; ";
  for (; *reloc < c->n_relocs && c->relocs[*reloc].at < c->base + at + n; ++*reloc) {
    const struct reloc *r = &c->relocs[*reloc];
    printf("%s+%" PRIu64 " %s %s", lead, r->at - c->base - at, reloc_name(o, r->type), r->symbol);
    if (r->addend != 0) {
      uint64_t size = r->addend < 0 ? 0 - (uint64_t)r->addend : (uint64_t)r->addend;
      printf("%c0x%" PRIx64, r->addend < 0 ? '-' : '+', size);
    }
    lead = ", ";
  }
  putchar('\n');
}

static void print_code(const struct object *o, const char *name, const struct code *c) {
  bool x86 = o->head.e_machine == EM_X86_64;
  size_t label = 0, reloc = 0;
  printf("\nsection %s, %zu bytes\n", name, c->size);
  for (size_t at = 0, n; at < c->size; at += n) {
    for (; label < c->n_labels && c->labels[label].at <= c->base + at; label++) {
      if (c->labels[label].at == c->base + at && c->labels[label].name[0] != 0 &&
          (x86 || c->labels[label].name[0] != '$')) { /* $x, $d: mapping symbols */
        printf("\n%s:\n", c->labels[label].name);
      }
    }
    char text[256];
    n = x86 ? decode_x86(c, at, text, sizeof text) : decode_a64(c, at, text, sizeof text);
    if (n == 0) {
      n = x86 || c->size - at < 4 ? 1 : 4;
      snprintf(text, sizeof text, "(bad)");
    }
    print_line(o, c, at, n, text, &reloc);
  }
}

static int fail(const char *path, const char *why) {
  fprintf(stderr, "%s: error: %s\n", path, why);
  return 1;
}

static int disassemble(const char *path, struct object *o) {
  if (elf_kind(o->elf) != ELF_K_ELF || gelf_getehdr(o->elf, &o->head) == NULL ||
      gelf_getclass(o->elf) != ELFCLASS64 || elf_getshdrstrndx(o->elf, &o->names) != 0) {
    return fail(path, "not an ELF64 file");
  }
  if (o->head.e_machine == EM_AARCH64) {
    if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &capstone) != CS_ERR_OK)
      return fail(path, "no Capstone");
  } else if (o->head.e_machine != EM_X86_64) {
    return fail(path, "not for a machine that Kiln knows");
  }
  printf("%s: %s\n", path, o->head.e_machine == EM_X86_64 ? "x86_64" : "aarch64");
  for (Elf_Scn *scn = elf_nextscn(o->elf, NULL); scn != NULL; scn = elf_nextscn(o->elf, scn)) {
    GElf_Shdr h;
    if (gelf_getshdr(scn, &h) == NULL) return fail(path, elf_errmsg(-1));
    if (!(h.sh_flags & SHF_EXECINSTR) || h.sh_type != SHT_PROGBITS || h.sh_size == 0) continue;
    Elf_Data *d = elf_rawdata(scn, NULL);
    if (d == NULL || d->d_buf == NULL) return fail(path, elf_errmsg(-1));
    struct code c = {.bytes = d->d_buf, .size = d->d_size, .base = h.sh_addr};
    collect_labels(o, elf_ndxscn(scn), &c);
    collect_relocs(o, elf_ndxscn(scn), &c);
    const char *name = elf_strptr(o->elf, o->names, h.sh_name);
    print_code(o, name != NULL ? name : "?", &c);
    free(c.labels);
    free(c.relocs);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("Usage: kiln dis FILE.o\n", stderr);
    return 2;
  }
  elf_version(EV_CURRENT);
  int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    fprintf(stderr, "kiln: error: ");
    perror(argv[1]);
    return 1;
  }
  struct object o = {.elf = elf_begin(fd, ELF_C_READ, NULL)};
  int status = o.elf != NULL ? disassemble(argv[1], &o) : fail(argv[1], elf_errmsg(-1));
  if (capstone != 0) cs_close(&capstone);
  if (o.elf != NULL) elf_end(o.elf);
  close(fd);
  return status;
}
