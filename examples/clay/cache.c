/* Files of the cache: cache.h. A file is a header, the key, the object. The key is compared byte by byte. The hash,
 * by which files are named and damage is found, need not be one that nobody can forge, since only the user can
 * write to the folder. A file is written under another name and renamed, so that no reader sees half of it. */
#define _GNU_SOURCE
#include "cache.h"
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[16] = "clay cache 1";

struct head {
  char magic[16];
  uint64_t key_size, object_size, hash; /* of key and object */
};

static uint64_t hash_of(uint64_t hash, const void *bytes, size_t size) { /* FNV-1a */
  const uint8_t *p = bytes;
  for (size_t i = 0; i < size; i++) hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
  return hash;
}
enum { FIRST_HASH = 0x811c9dc5 };

/* The key as bytes: Kiln's version, this program (which may have another Kiln of the same version), the processor and
 * the features that the code needs, the options, the file's name and text. */
static bool write_key(const struct cache_key *key, kiln_buffer *out) {
  char text[400], self[100];
  if (!host_describe_program(self, sizeof self)) return false;
  const int n = snprintf(text, sizeof text,
                         "kiln %08x, program %s, processor %d, features %llx, options %d %d %d\n",
                         kiln_version(), self, (int)key->options->target.processor,
                         (unsigned long long)key->options->features, (int)key->options->pic,
                         key->options->jit, key->options->verify);
  return kiln_buffer_append(out, text, (size_t)n) == KILN_OK &&
         kiln_buffer_append(out, key->file, strlen(key->file) + 1) == KILN_OK &&
         kiln_buffer_append(out, key->source, key->source_size) == KILN_OK;
}

/* The name of the file of a key; false if there is no cache: the folder is missing, or not the user's alone. */
static bool path_of(const kiln_buffer *key, char *path, size_t room) {
  const char *folder = getenv("CLAY_CACHE");
  bool own;
  if (folder == NULL || folder[0] == 0 || !host_find_folder(folder, &own)) return false;
  if (!own) {
    fprintf(stderr, "clay: the cache '%s' is not used: others could write to it, or read it\n",
            folder);
    return false;
  }
  const uint64_t hash = hash_of(FIRST_HASH, key->data, key->size);
  const int n = snprintf(path, room, "%s/%016llx.o", folder, (unsigned long long)hash);
  return n > 0 && (size_t)n < room;
}

/* The content of a file that the user alone can write; false if it is another's, or cannot be read. */
static bool read_own(const char *path, kiln_buffer *out) {
  uint64_t size = 0;
  const int fd = host_open_own(path, &size);
  uint8_t *to = size > 0 && size < UINT32_MAX ? kiln_buffer_reserve(out, (size_t)size) : NULL;
  for (ptrdiff_t n = 1; to != NULL && n > 0 && out->size < size; out->size += (size_t)n)
    if ((n = read(fd, to + out->size, (unsigned)(size - out->size))) < 0) n = 0;
  const bool ok = to != NULL && out->size == size;
  if (fd >= 0) close(fd);
  return ok;
}

/* Whether a file is whole, and that of the key. */
static bool fits(const kiln_buffer *file, const kiln_buffer *key) {
  struct head head;
  if (file->size < sizeof head) return false;
  memcpy(&head, file->data, sizeof head);
  const size_t rest = file->size - sizeof head;
  return memcmp(head.magic, magic, sizeof magic) == 0 && head.key_size == key->size &&
         key->size <= rest && head.object_size == rest - key->size &&
         memcmp(file->data + sizeof head, key->data, key->size) == 0 &&
         head.hash == hash_of(FIRST_HASH, file->data + sizeof head, rest);
}

bool cache_find(const struct cache_key *key, kiln_buffer *object) {
  kiln_buffer wanted = {0}, file = {0};
  char path[4096];
  bool ok = write_key(key, &wanted) && path_of(&wanted, path, sizeof path) &&
            read_own(path, &file) && fits(&file, &wanted);
  const size_t before = sizeof(struct head) + wanted.size;
  if (ok) ok = kiln_buffer_append(object, file.data + before, file.size - before) == KILN_OK;
  kiln_buffer_free(&wanted);
  kiln_buffer_free(&file);
  return ok;
}

void cache_put(const struct cache_key *key, const kiln_buffer *object) {
  kiln_buffer all = {0};
  char path[4096], other[4200];
  struct head head = {.object_size = object->size};
  memcpy(head.magic, magic, sizeof magic);
  if (write_key(key, &all) && path_of(&all, path, sizeof path)) {
    head.key_size = all.size;
    head.hash = hash_of(hash_of(FIRST_HASH, all.data, all.size), object->data, object->size);
    snprintf(other, sizeof other, "%s.XXXXXX", path);
    const int fd = mkstemp(other); /* with permissions for the user alone */
    FILE *out = fd >= 0 ? fdopen(fd, "wb") : NULL;
    bool ok = out != NULL && fwrite(&head, sizeof head, 1, out) == 1 &&
              fwrite(all.data, 1, all.size, out) == all.size &&
              fwrite(object->data, 1, object->size, out) == object->size;
    if (out != NULL) ok &= fclose(out) == 0;
    if (fd >= 0 && (!ok || !host_rename(other, path))) unlink(other);
  }
  kiln_buffer_free(&all);
}
