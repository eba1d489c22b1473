/* The sections of an image, and the pieces that are in them. Called by image.c and image_eh.c. Invariant: pieces of a
 * section are in ascending order of offset and do not overlap. */
#include "lib/image/image.h"

#define MAX_SECTION_BYTES (UINT64_C(1) << 48)

static uint32_t add(struct kn_image *image, enum kn_section_kind kind, uint32_t comdat,
                    uint32_t flags) {
  if (!KN_ROOM(image->m, image->sections, 1)) return UINT32_MAX;
  image->sections.at[image->sections.n] = (struct kn_image_section){.kind = (uint8_t)kind,
                                                                    .comdat = comdat,
                                                                    .flags = flags,
                                                                    .code = kind == KN_SECTION_TEXT,
                                                                    .align = 1};
  return image->sections.n++;
}

uint32_t kn_image_fixed(struct kn_image *image, enum kn_section_kind kind) {
  if (image->fixed[kind] == 0) image->fixed[kind] = add(image, kind, 0, 0) + 1;
  return image->fixed[kind] - 1;
}

uint32_t kn_image_own(struct kn_image *image, enum kn_section_kind kind, uint32_t symbol,
                      uint32_t comdat, uint32_t flags) {
  uint32_t i = add(image, kind, comdat, flags);
  if (i == UINT32_MAX) return i;
  image->sections.at[i].own = true;
  image->sections.at[i].owner = kn_symbol(image->m, symbol)->name_length > 0 ? symbol : 0;
  return i;
}

uint32_t kn_image_add_named(struct kn_image *image, const char *name, uint32_t comdat,
                            uint32_t flags) {
  uint32_t i = add(image, KN_SECTION_NAMED, comdat, flags);
  if (i != UINT32_MAX) image->sections.at[i].name = name;
  return i;
}

static KN_COLD bool section_after(const char *name, uint32_t comdat, uint32_t flags,
                                  const struct kn_image_section *s) {
  if (comdat != s->comdat) return comdat > s->comdat;
  return flags != s->flags ? flags > s->flags : strcmp(name, s->name) > 0;
}

/* As LLVM does it, content of other flags is in another section of that name. */
uint32_t kn_image_named(struct kn_image *image, const char *name, uint32_t comdat, uint32_t flags) {
  const struct kn_section *said = kn_section_said(image->m, name);
  if (said != NULL) flags = said->desc.flags | (flags & (KN_SECTION_THREAD | KILN_SECTION_RETAIN));
  uint32_t found = 0;
  size_t length = strlen(name);
  uint32_t key = comdat << 1 | (flags & KILN_SECTION_RETAIN ? 1 : 0), at;
  uint32_t hash = kn_hash_bytes(name, length) + key * 0x9e3779b1u;
  KN_HASH_EACH(&image->section_hash, hash, at, found,
               section_after(name, comdat, flags, image->sections.at + found - 1)) {
    const struct kn_image_section *s = image->sections.at + found - 1;
    if (s->comdat == comdat && s->flags == flags && strcmp(s->name, name) == 0) break;
  }
  if (found == 0) {
    if (!KN_HASH_ROOM(image->m, &image->section_hash)) return UINT32_MAX;
    uint32_t i = kn_image_add_named(image, name, comdat, flags);
    if (i == UINT32_MAX) return i;
    if (said != NULL) {
      image->sections.at[i].content = said->desc.kind;
      image->sections.at[i].format_type = said->desc.format_type;
      image->sections.at[i].entry_bytes = said->desc.entry_bytes;
    }
    kn_hash_put(&image->section_hash, at, hash, i + 1);
    found = i + 1;
  }
  return found - 1;
}

struct kn_image_piece *kn_image_add_piece(struct kn_image *image, uint32_t section, uint64_t offset,
                                          enum kn_piece what, uint32_t first) {
  if (image->pieces.n >= image->pieces.cap && !KN_ROOM(image->m, image->pieces, 1)) return NULL;
  struct kn_image_piece *p = image->pieces.at + image->pieces.n++;
  struct kn_image_section *s = image->sections.at + section;
  if (s->last != 0) image->pieces.at[s->last - 1].next = image->pieces.n;
  else s->first = image->pieces.n;
  s->last = image->pieces.n;
  p->offset = offset;
  p->first = first;
  p->what = (uint8_t)what;
  p->next = 0;
  return p;
}

bool kn_image_add_word(struct kn_image *image, uint32_t section, uint32_t symbol) {
  struct kn_image_section *s = image->sections.at + section;
  const uint64_t offset = kn_align_up(s->size, 8);
  if (s->align < 8) s->align = 8;
  s->n_relocs++;
  return kn_image_add_piece(image, section, offset, KN_PIECE_WORD, symbol) != NULL &&
         kn_image_extend(image, section, offset, 8);
}

bool kn_image_extend(struct kn_image *image, uint32_t section, uint64_t offset, uint64_t size) {
  struct kn_image_section *s = image->sections.at + section;
  if (offset > MAX_SECTION_BYTES || size > MAX_SECTION_BYTES - offset)
    return KN_MODULE_FAIL(false, image->m, KILN_ERR_LIMIT, "section %.100s is too large",
                          s->name != NULL ? s->name
                          : s->code       ? "of code"
                                          : "of data");
  s->size = offset + size;
  return true;
}
