/* The loader: see load.h. It handles what Kiln's objects contain, and reports anything else.
 * Invariant: code and read-only data lie together and are mapped executable, the rest writable. */
#include "load.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, MAX_SECTIONS = 512 };

/* libgcc's: the frames end with a length of 0. */
void __register_frame(void *);
void __deregister_frame(void *);

struct loader {
  struct load_image *image;
  const uint8_t *object;
  const Elf64_Shdr *sections;
  uint8_t *address[MAX_SECTIONS]; /* of sections; NULL: not in memory */
  const Elf64_Sym *symbols;
  const char *names, *section_names;
  /* three for each symbol: its address, or for a thread-local one where it is from the thread pointer; and its
   * address and 0, for __tls_get_addr */
  uint64_t *got;
  uint8_t *stubs;
  uint32_t n_sections, n_symbols;
};

static bool fail(struct loader *l, const char *why) {
  l->image->error = why;
  return false;
}

static uint8_t *take(struct loader *l, size_t size, size_t align) {
  struct load_image *m = l->image;
  size_t at = (m->used + align - 1) / align * align;
  if (at > m->size || size > m->size - at) return NULL;
  m->used = at + size;
  return m->at + at;
}

static bool place(struct loader *l, bool writable) {
  for (uint32_t i = 1; i < l->n_sections; i++) {
    const Elf64_Shdr *s = &l->sections[i];
    if (!(s->sh_flags & SHF_ALLOC) || ((s->sh_flags & SHF_WRITE) != 0) != writable) continue;
    if (s->sh_flags & SHF_TLS) return fail(l, "thread-local data");
    bool frames = strcmp(l->section_names + s->sh_name, ".eh_frame") == 0;
    uint8_t *at = take(l, s->sh_size + 4 * frames, s->sh_addralign > 0 ? s->sh_addralign : 1);
    if (at == NULL) return fail(l, "the image is too small");
    if (s->sh_type == SHT_NOBITS) memset(at, 0, s->sh_size);
    else memcpy(at, l->object + s->sh_offset, s->sh_size);
    l->address[i] = at;
    if (!frames) continue;
    memset(at + s->sh_size, 0, 4);
    l->image->frames = at;
  }
  return true;
}

/* Takes the place of the dynamic linker's function. */
static void *tls_get_addr(const uint64_t *pair) { return (void *)(uintptr_t)(pair[0] + pair[1]); }

/* Address of a symbol; 0: an undefined weak one, or an error. */
static uint64_t value_of(struct loader *l, uint32_t index) {
  const Elf64_Sym *s = &l->symbols[index];
  if (s->st_shndx == SHN_ABS) return s->st_value;
  if (s->st_shndx != SHN_UNDEF && s->st_shndx < l->n_sections) {
    uint8_t *at = l->address[s->st_shndx];
    return at != NULL ? (uint64_t)(uintptr_t)at + s->st_value : 0;
  }
  void *p = strcmp(l->names + s->st_name, "__tls_get_addr") == 0
              ? (void *)tls_get_addr
              : l->image->find(NULL, l->names + s->st_name);
  if (p == NULL && ELF64_ST_BIND(s->st_info) != STB_WEAK && l->image->error == NULL) {
    l->image->error = l->names + s->st_name;
  }
  return (uint64_t)(uintptr_t)p;
}

/* A jump to a function that is too far away. */
static uint64_t stub(struct loader *l, uint32_t index, uint64_t target) {
  static const uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0}; /* jmp *0(%rip) */
  uint8_t *at = l->stubs + (size_t)index * 16;
  memcpy(at, jump, sizeof jump);
  memcpy(at + sizeof jump, &target, 8);
  return (uint64_t)(uintptr_t)at;
}

static bool relocate(struct loader *l, uint8_t *section, const Elf64_Rela *r) {
  uint32_t index = (uint32_t)ELF64_R_SYM(r->r_info), type = (uint32_t)ELF64_R_TYPE(r->r_info);
  if (index >= l->n_symbols) return fail(l, "a relocation's symbol");
  uint8_t *at = section + r->r_offset;
  uint64_t place = (uint64_t)(uintptr_t)at, s = value_of(l, index);
  uint64_t value = s + (uint64_t)r->r_addend, *got = &l->got[3 * (size_t)index];
  int64_t distance = (int64_t)(value - place);
  switch (type) {
  case R_X86_64_64: memcpy(at, &value, 8); return true;
  case R_X86_64_PC64: memcpy(at, &distance, 8); return true;
  case R_X86_64_32: /* of an undefined function, in the table of exceptions: by its stub, as below */
    if (value > UINT32_MAX && l->symbols[index].st_shndx == SHN_UNDEF)
      value = stub(l, index, s) + (uint64_t)r->r_addend;
    memcpy(at, &value, 4);
    return value <= UINT32_MAX || fail(l, "R_X86_64_32 does not reach");
  case R_X86_64_32S:
    memcpy(at, &value, 4);
    return (int64_t)value == (int32_t)value || fail(l, "R_X86_64_32S does not reach");
  case R_X86_64_GOTPCREL:
  case R_X86_64_GOTPCRELX:
  case R_X86_64_REX_GOTPCRELX:
    got[0] = s;
    value = (uint64_t)(uintptr_t)got + (uint64_t)r->r_addend;
    break;
  case R_X86_64_GOTTPOFF:
    got[0] = s - (uint64_t)(uintptr_t)__builtin_thread_pointer();
    value = (uint64_t)(uintptr_t)got + (uint64_t)r->r_addend;
    break;
  case R_X86_64_TLSGD:
    got[1] = s;
    got[2] = 0;
    value = (uint64_t)(uintptr_t)&got[1] + (uint64_t)r->r_addend;
    break;
  case R_X86_64_TPOFF32:
    value -= (uint64_t)(uintptr_t)__builtin_thread_pointer();
    memcpy(at, &value, 4);
    return (int64_t)value == (int32_t)value || fail(l, "R_X86_64_TPOFF32 does not reach");
  case R_X86_64_PC32: /* of an undefined function: as linkers do, its stub is its address */
    if (l->symbols[index].st_shndx != SHN_UNDEF) break;
    __attribute__((fallthrough));
  case R_X86_64_PLT32:
    if (distance != (int32_t)distance) value = stub(l, index, s) + (uint64_t)r->r_addend;
    break;
  default: return fail(l, "an unknown relocation");
  }
  distance = (int64_t)(value - place);
  memcpy(at, &distance, 4);
  return distance == (int32_t)distance || fail(l, "R_X86_64_PC32 does not reach");
}

static bool relocate_all(struct loader *l) {
  for (uint32_t i = 1; i < l->n_sections; i++) {
    const Elf64_Shdr *s = &l->sections[i];
    if (s->sh_type != SHT_RELA || s->sh_info >= l->n_sections || l->address[s->sh_info] == NULL) {
      continue;
    }
    for (uint64_t at = 0; at < s->sh_size; at += sizeof(Elf64_Rela)) {
      Elf64_Rela r;
      memcpy(&r, l->object + s->sh_offset + at, sizeof r);
      if (!relocate(l, l->address[s->sh_info], &r)) return false;
    }
  }
  return l->image->error == NULL;
}

void *load_object(struct load_image *image, const kiln_buffer *object, const char *entry) {
  struct loader l = {.image = image, .object = object->data};
  const Elf64_Ehdr *e = (const Elf64_Ehdr *)object->data;
  image->used = 0;
  image->error = NULL;
  image->frames = NULL;
  l.sections = (const Elf64_Shdr *)(object->data + e->e_shoff);
  l.n_sections = e->e_shnum;
  if (e->e_shnum > MAX_SECTIONS) return image->error = "too many sections", NULL;
  l.section_names = (const char *)object->data + l.sections[e->e_shstrndx].sh_offset;
  for (uint32_t i = 1; i < l.n_sections; i++) {
    if (l.sections[i].sh_type != SHT_SYMTAB) continue;
    l.symbols = (const Elf64_Sym *)(object->data + l.sections[i].sh_offset);
    l.n_symbols = (uint32_t)(l.sections[i].sh_size / sizeof(Elf64_Sym));
    l.names = (const char *)object->data + l.sections[l.sections[i].sh_link].sh_offset;
  }
  l.stubs = take(&l, (size_t)l.n_symbols * 16, 16);
  if (l.stubs == NULL || !place(&l, false)) return NULL;
  image->used = (image->used + PAGE - 1) / PAGE * PAGE;
  size_t executable = image->used;
  l.got = (uint64_t *)take(&l, (size_t)l.n_symbols * 24, 8);
  if (l.got == NULL || !place(&l, true) || !relocate_all(&l)) return NULL;
  if (mprotect(image->at, executable, PROT_READ | PROT_EXEC) != 0) {
    return image->error = "mprotect", NULL;
  }
  for (uint32_t i = 1; i < l.n_symbols; i++) {
    if (l.symbols[i].st_shndx != SHN_UNDEF && strcmp(l.names + l.symbols[i].st_name, entry) == 0) {
      if (image->frames != NULL) __register_frame(image->frames);
      return (void *)(uintptr_t)value_of(&l, i);
    }
  }
  image->error = "no entry";
  return NULL;
}

void load_end(struct load_image *image) {
  if (image->frames != NULL) __deregister_frame(image->frames);
  mprotect(image->at, image->size, PROT_READ | PROT_WRITE);
}
