/* Part of the first step of the object writer: places the tables of exceptions
 * (.gcc_except_table) and the addresses that they refer to. A function's table goes with the
 * function: in its section group, or in a section of its own where the function has one, so that
 * linkers drop both or neither. Called by lib/object/elf_layout.c and lib/object/elf_write.c.
 *
 * Under PIC a table and a CIE name types and personalities by the distance to a word with the
 * address. The words of types are this object's own; that of a personality is the hidden symbol
 * DW.ref.NAME in a section group, so that a program has it once. Invariant: tables are in the
 * order of their functions. */
#include "lib/object/elf.h"

static bool fail_memory(struct kn_elf *e) {
  kn_module_fail(e->m, KILN_ERR_MEMORY, "out of memory");
  return false;
}

/* ---- sections ---- */

static const char except_table[] = ".gcc_except_table";

/* The section of the table of the function `symbol`; UINT32_MAX without memory. */
static uint32_t table_section(struct kn_elf *e, uint32_t symbol) {
  const struct kn_symbol *s = kn_symbol(e->m, symbol);
  size_t length = sizeof except_table - 1;
  bool own = s->comdat != 0 || (e->m->options.function_sections && s->section == NULL);
  if (!own && e->eh.shared != 0) return e->eh.shared - 1;
  bool named = own && s->name_length > 0;
  uint32_t i = kn_elf_add_section(e, named ? ".gcc_except_table." : except_table, length + named,
                                  SHT_PROGBITS, SHF_ALLOC, 4);
  if (i == UINT32_MAX) return i;
  if (named) e->sections.at[i].owner = symbol;
  if (!own) e->eh.shared = i + 1;
  /* Not SHF_LINK_ORDER where there is no group: gold and mold lose with -r what that says, and lld then drops tables
   * of functions that live. */
  if (s->comdat != 0) kn_elf_join_group(e, i, e->group_of[s->comdat - 1]); /* it is there already */
  return i;
}

/* A piece that is the address of `symbol`. False without memory. */
static bool add_word(struct kn_elf *e, uint32_t section, uint64_t offset, uint32_t symbol) {
  struct kn_elf_piece *p = kn_elf_add_piece(e, section, offset);
  if (p == NULL) return false;
  p->session = KN_PIECE_WORD;
  p->first = symbol;
  e->sections.at[section].max_relas++;
  return kn_elf_extend(e, section, offset, 8);
}

/* The address of a type, or of a local personality. */
static bool need_word(struct kn_elf *e, uint32_t symbol) {
  if (e->eh.word_of[symbol] != 0) return true;
  if (e->eh.words == 0) {
    uint32_t i = kn_elf_add_section(e, ".data.rel.ro", 12, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 8);
    if (i == UINT32_MAX) return false;
    e->eh.words = i + 1;
  }
  uint64_t offset = e->sections.at[e->eh.words - 1].size;
  e->eh.word_of[symbol] = (uint32_t)offset + 1;
  return add_word(e, e->eh.words - 1, offset, symbol);
}

/* ---- personalities ---- */

static bool add_cie(struct kn_elf *e, uint32_t personality, bool key_b, uint32_t *cie) {
  struct kn_elf_eh *eh = &e->eh;
  const struct kn_symbol *s = kn_symbol(e->m, personality);
  uint32_t *of = &eh->cie_of[2 * (size_t)personality], other = of[!key_b];
  if (of[key_b] != 0) {
    *cie = of[key_b] - 1;
    return true;
  }
  *cie = eh->n_cies++;
  of[key_b] = eh->n_cies;
  eh->cies[*cie] = (struct kn_elf_eh_cie){.personality = personality, .key_b = key_b};
  if (!eh->indirect) return true;
  if (other != 0) { /* its address is there already */
    eh->cies[*cie].same = other;
    return true;
  }
  if (s->linkage == KILN_LINKAGE_INTERNAL || s->linkage == KILN_LINKAGE_PRIVATE)
    return need_word(e, personality);
  uint32_t i = kn_elf_add_section(e, KN_EH_REF_SECTION, sizeof KN_EH_REF_SECTION - 1, SHT_PROGBITS,
                                  SHF_ALLOC | SHF_WRITE, 8);
  if (i == UINT32_MAX) return false;
  e->sections.at[i].owner = personality;
  e->groups[e->n_groups] = (struct kn_elf_group){0};
  kn_elf_join_group(e, i, ++e->n_groups);
  eh->cies[*cie].section = i + 1;
  eh->n_refs++;
  return add_word(e, i, 0, personality);
}

/* ---- the whole ---- */

static bool lay_out_table(struct kn_elf *e, uint32_t func) {
  const struct kn_output *o = kn_elf_output(e, e->funcs[func].session);
  const struct kn_code_func *f = o->funcs.at + e->funcs[func].index;
  const struct kn_code_table *t = o->tables.at + f->table - 1;
  uint32_t section = table_section(e, f->symbol), cie;
  if (section == UINT32_MAX || !add_cie(e, t->personality, f->key_b, &cie)) return false;
  uint32_t n = 0;
  for (uint32_t k = 0; k < t->n_types; k++) {
    uint32_t type = o->table_types.at[t->type_first + k];
    n += type != 0;
    if (type != 0 && e->eh.indirect && !need_word(e, type)) return false;
  }
  uint64_t offset = kn_align_up(e->sections.at[section].size, 4);
  struct kn_elf_piece *p = kn_elf_add_piece(e, section, offset);
  if (p == NULL) return false;
  p->session = KN_PIECE_TABLE;
  p->first = e->eh.n_tables;
  e->sections.at[section].max_relas += n;
  e->eh.tables[e->eh.n_tables++] = (struct kn_elf_eh_table){func, section, cie, offset};
  return kn_elf_extend(e, section, offset, t->size);
}

bool kn_elf_eh_layout(struct kn_elf *e) {
  struct kn_elf_eh *eh = &e->eh;
  uint64_t n = 0;
  for (uint32_t i = 0; i < e->n_sessions; i++) n += kn_elf_output(e, i)->tables.n;
  if (n == 0) return true;
  eh->indirect = kn_eh_indirect(e->m);
  eh->tables = kn_arena_alloc(&e->arena, (size_t)n * sizeof *eh->tables, 8);
  eh->cies = kn_arena_alloc(&e->arena, (size_t)n * sizeof *eh->cies, 8);
  eh->cie_of = kn_arena_zero(&e->arena, 2 * e->m->symbols.n * sizeof *eh->cie_of, 4);
  eh->word_of = kn_arena_zero(&e->arena, e->m->symbols.n * sizeof *eh->word_of, 4);
  if (eh->tables == NULL || eh->cies == NULL || eh->cie_of == NULL || eh->word_of == NULL)
    return fail_memory(e);
  for (uint32_t i = 0; i < e->n_funcs; i++)
    if (kn_elf_func(e, i)->table != 0 && !lay_out_table(e, i)) return false;
  return true;
}

const uint8_t *kn_elf_eh_bytes(const struct kn_elf *e, const struct kn_elf_piece *p) {
  const struct kn_elf_func *f = e->funcs + e->eh.tables[p->first].func;
  return kn_elf_output(e, f->session)->table_bytes.at + kn_elf_eh_table(e, p->first)->first;
}

bool kn_elf_eh_relocs(struct kn_elf *e, uint32_t section, const struct kn_elf_piece *p) {
  const struct kn_code_table *t = kn_elf_eh_table(e, p->first);
  const struct kn_output *o = kn_elf_output(e, e->funcs[e->eh.tables[p->first].func].session);
  for (uint32_t k = 0; k < t->n_types; k++) {
    uint32_t type = o->table_types.at[t->type_first + k];
    uint64_t field = t->type_end - 4 * ((uint64_t)k + 1);
    kiln_reloc r = {.offset_bytes = field, .symbol = {type}, .size_bytes = 4};
    if (type == 0) continue;
    if (!e->eh.indirect) {
      if (!kn_elf_data_reloc(e, section, p->offset, &r)) return false;
      continue;
    }
    kn_put_rela(e->base + e->at, p->offset + field, e->section_symbols + e->eh.words - 1,
                e->machine->relocs[KILN_RELOC_REL32], e->eh.word_of[type] - 1);
    e->at += sizeof(Elf64_Rela);
  }
  return true;
}
