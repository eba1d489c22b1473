/* Lines of a function while its body is read: the locations of what is built. */
#include "lines.h"

static const kiln_die none = {0};

/* The last sequence that begins before the end of the body, if it has lines of the body. */
static const struct kn_wasm_sequence *find(const struct kn_wasm_lines *l, uint32_t start,
                                           uint32_t end) {
  uint32_t low = 0, high = l->n_sequences;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (l->sequences[middle].start < end) low = middle + 1;
    else high = middle;
  }
  return low > 0 && l->sequences[low - 1].end > start ? &l->sequences[low - 1] : NULL;
}

/* Number of a file in the session. */
static uint32_t session_file(struct kn_wasm_body *c, uint32_t file) {
  const struct kn_wasm_lines *l = c->w->lines;
  KN_WASM_ROOM(c, session_files, l->n_files);
  if (c->n_session_files == 0) {
    memset(c->session_files, 0, l->n_files * sizeof *c->session_files);
    c->n_session_files = l->n_files;
  }
  if (c->session_files[file] == 0)
    c->session_files[file] = kiln_file_new_die(c->session, l->files[file].die, NULL);
  return c->session_files[file];
}

static uint32_t set_location(struct kn_wasm_body *c, const struct kn_wasm_line *row) {
  if (row->file == KN_WASM_NO_FILE) {
    kiln_func_set_loc(c->func, 0);
    return 0;
  }
  uint32_t loc = kiln_loc_new_full(c->session, &(kiln_location){.file = session_file(c, row->file),
                                                                .line = row->line,
                                                                .column = row->column,
                                                                .scope = c->subprogram,
                                                                .flags = row->flags});
  kiln_func_set_loc(c->func, loc);
  return loc;
}

void kn_wasm_set_line(struct kn_wasm_body *c, const uint8_t *at) {
  uint32_t offset = (uint32_t)(at - c->w->code_section);
  const struct kn_wasm_line *row = c->line;
  while (row + 1 < c->lines_end && row[1].at <= offset) row++;
  c->line = row;
  c->loc = set_location(c, row);
  c->next_line = row + 1 < c->lines_end ? c->w->code_section + row[1].at : c->in.end;
}

/* The entry of the function that is built. Names end at a NUL, as debuggers have it. */
static kiln_die describe(struct kn_wasm_body *c, const struct kn_wasm_sequence *s,
                         const struct kn_wasm_line *row) {
  const struct kn_wasm_lines *l = c->w->lines;
  kiln_wasm_name label = kn_wasm_func_label(c->w, c->index);
  char name[1024];
  size_t n = label.text_length < sizeof name ? label.text_length : sizeof name - 1;
  if (n > 0) memcpy(name, label.text, n);
  name[n] = 0;
  const kiln_die_declaration what = {.name = name[0] != 0 ? name : NULL,
                                     .file = row->file != KN_WASM_NO_FILE ? l->files[row->file].die
                                                                          : none,
                                     .line = row->line,
                                     .external = c->w->funcs[c->index].export_name != 0};
  return kiln_die_new_function(kiln_session_debug(c->session), l->units[s->unit].die, &what, false);
}

void kn_wasm_begin_lines(struct kn_wasm_body *c) {
  const struct kn_wasm_lines *l = c->w->lines;
  c->begin_loc = c->loc = 0;
  c->n_trap_sites = 0;
  c->next_line = NULL;
  if (l == NULL) return;
  uint32_t start = (uint32_t)(c->in.p - c->w->code_section),
           end = (uint32_t)(c->in.end - c->w->code_section);
  const struct kn_wasm_sequence *s = find(l, start, end);
  if (s == NULL) return;
  c->line = l->rows + s->first;
  c->lines_end = c->line + s->n;
  while (c->line + 1 < c->lines_end && c->line[1].at <= start) c->line++;
  c->subprogram = describe(c, s, c->line);
  kn_wasm_set_line(c, c->in.p);
  c->begin_loc = c->loc;
  kiln_func_set_debug(c->func, c->subprogram, l->units[s->unit].die, c->begin_loc);
}
