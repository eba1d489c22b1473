/* One line of disassembly: decoding (Zydis for x86-64, Capstone for AArch64) and printing, with the
 * relocations that lie in the instruction. Called by dis.c and dis_listing.c. */
#include "dis.h"

#include "names.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <Zydis/Zydis.h>

static csh capstone;

int dis_fail(const char *path, const char *why) {
  fprintf(stderr, "%s: error: %s\n", path, why);
  return 1;
}

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

static const char *x86_reloc(uint32_t type) {
  return type < sizeof x86_names / sizeof *x86_names ? x86_names[type] : NULL;
}

static const char *a64_reloc(uint32_t type) {
  for (size_t i = 0; i < sizeof a64_names / sizeof *a64_names; i++)
    if (a64_names[i].number == type) return a64_names[i].name;
  return NULL;
}

static int by_place(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }
/* A label that no other line names: it is empty, or says what follows. */
static bool is_silent(const struct label *l) { return l->name[0] == 0 || l->name[0] == '$'; }
static int compare_labels(const void *a, const void *b) {
  const struct label *x = a, *y = b;
  if (x->section != y->section) return by_place(x->section, y->section);
  if (x->at != y->at) return by_place(x->at, y->at);
  if (is_silent(x) != is_silent(y)) return is_silent(x) - is_silent(y);
  return by_place(x->order, y->order);
}
static int compare_relocs(const void *a, const void *b) {
  return by_place(((const struct reloc *)a)->at, ((const struct reloc *)b)->at);
}

void dis_sort_labels(struct label *labels, size_t n) {
  if (n > 0) qsort(labels, n, sizeof *labels, compare_labels);
}

void dis_sort_relocs(struct code *c) {
  if (c->n_relocs > 0) qsort(c->relocs, c->n_relocs, sizeof *c->relocs, compare_relocs);
}

void *dis_grow(void *old, size_t n, size_t item) {
  if ((n & (n - 1)) != 0) return old; /* doubled at powers of two */
  void *p = realloc(old, (n == 0 ? 1 : 2 * n) * item);
  if (p == NULL) {
    fputs("kiln dis: error: out of memory\n", stderr);
    exit(1);
  }
  return p;
}

/* Decoders: write the text of the instruction at `at` and return its length, 0 if it is none. */
static size_t decode_x86(const struct code *c, size_t at, char *text, size_t text_size,
                         uint64_t *target) {
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
  if (in.operand_count_visible == 1 && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
      operands[0].imm.is_relative)
    ZydisCalcAbsoluteAddress(&in, &operands[0], c->base + at, target);
  return in.length;
}

static size_t decode_a64(const struct code *c, size_t at, char *text, size_t text_size,
                         uint64_t *target) {
  cs_insn *in;
  if (cs_disasm(capstone, c->bytes + at, c->size - at, c->base + at, 1, &in) != 1) return 0;
  snprintf(text, text_size, "%s%s%s", in->mnemonic, in->op_str[0] != 0 ? " " : "", in->op_str);
  size_t n = in->size;
  const cs_arm64 *a = &in->detail->arm64;
  if ((cs_insn_group(capstone, in, CS_GRP_JUMP) || cs_insn_group(capstone, in, CS_GRP_CALL)) &&
      a->op_count > 0 && a->operands[a->op_count - 1].type == ARM64_OP_IMM)
    *target = (uint64_t)a->operands[a->op_count - 1].imm;
  cs_free(in, 1);
  return n;
}

static bool open_x86(void) { return true; }

static bool open_a64(void) {
  return capstone != 0 || (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &capstone) == CS_ERR_OK &&
                           cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK);
}

/* ---- machines ---- */

static const struct machine {
  unsigned number; /* ELF's */
  const char *name;
  size_t unit;  /* bytes to skip where there is no valid instruction */
  bool mapping; /* has mapping symbols */
  bool (*open)(void);
  size_t (*decode)(const struct code *c, size_t at, char *text, size_t text_size, uint64_t *target);
  const char *(*reloc)(uint32_t type); /* name; NULL: not known */
} machines[] = {
  {EM_X86_64, "x86_64", 1, false, open_x86, decode_x86, x86_reloc},
  {EM_AARCH64, "aarch64", 4, true, open_a64, decode_a64, a64_reloc},
};
enum { MACHINES = sizeof machines / sizeof *machines };

static const struct machine *machine;

static bool choose(const struct machine *m, const char *path) {
  machine = m;
  if (m == NULL) dis_fail(path, "the file is for a processor that Kiln does not know");
  else if (m->open()) return true;
  else dis_fail(path, "no disassembler for this machine");
  return false;
}

bool dis_machine(unsigned number, const char *path) {
  const struct machine *m = NULL;
  for (unsigned i = 0; i < MACHINES; i++)
    if (machines[i].number == number) m = &machines[i];
  return choose(m, path);
}

bool dis_machine_named(const char *name, const char *path) {
  const struct machine *m = NULL;
  for (unsigned i = 0; i < MACHINES; i++)
    if (strcmp(machines[i].name, name) == 0) m = &machines[i];
  return choose(m, path);
}

const char *dis_machine_name(void) { return machine->name; }

bool dis_is_mapping(const char *label) { return machine->mapping && label[0] == '$'; }

static const char *reloc_name(uint32_t type) {
  static char number[32];
  const char *name = machine->reloc(type);
  if (name != NULL) return name;
  snprintf(number, sizeof number, "relocation %" PRIu32, type);
  return number;
}

/* ---- lines ---- */

size_t dis_decode(const struct code *c, size_t at, char *text, size_t text_size, uint64_t *target) {
  *target = UINT64_MAX;
  size_t n = machine->decode(c, at, text, text_size, target);
  if (n == 0) {
    n = c->size - at < machine->unit ? 1 : machine->unit;
    snprintf(text, text_size, "(bad)");
  }
  return n;
}

/* Name of the label at an address, or NULL. */
static const char *label_at(const struct code *c, uint64_t address) {
  size_t low = 0, high = c->n_labels;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (c->labels[middle].at < address) low = middle + 1;
    else high = middle;
  }
  if (low == c->n_labels || c->labels[low].at != address) return NULL;
  return is_silent(&c->labels[low]) ? NULL : c->labels[low].name;
}

void dis_print_line(const struct code *c, size_t at, size_t n, const char *text, uint64_t target,
                    size_t *reloc) {
  printf("%8" PRIx64 ": ", c->base + at);
  for (size_t i = 0; i < n; i++) printf(" %02x", c->bytes[at + i]);
  if (text[0] != 0) printf("%*s %s", n < 8 ? (int)(3 * (8 - n)) : 0, "", text);
  const char *lead = "    ; ";
  bool linked = *reloc < c->n_relocs && c->relocs[*reloc].at < c->base + at + n;
  const char *name = target != UINT64_MAX && !linked ? label_at(c, target) : NULL;
  if (name != NULL) {
    fputs(lead, stdout);
    tool_name_print(stdout, name);
  }
  for (; *reloc < c->n_relocs && c->relocs[*reloc].at < c->base + at + n; ++*reloc) {
    const struct reloc *r = &c->relocs[*reloc];
    printf("%s+%" PRIu64 " %s ", lead, r->at - c->base - at,
           r->name != NULL ? r->name : reloc_name(r->type));
    tool_name_print(stdout, r->symbol != NULL ? r->symbol : "?");
    if (r->addend != 0) {
      uint64_t size = r->addend < 0 ? 0 - (uint64_t)r->addend : (uint64_t)r->addend;
      printf("%c0x%" PRIx64, r->addend < 0 ? '-' : '+', size);
    }
    lead = ", ";
  }
  putchar('\n');
}
