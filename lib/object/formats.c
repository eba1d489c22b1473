/* <kiln/emit.h>: the table of formats, and what is the same for all of them: the arguments, and the image that a
 * format's writer gets. Called by front ends after the last function. Invariant: `out` only grows if the whole object
 * is right; nothing in module or sessions changes. */
#include "ir/clock.h"
#include "lib/dwarf/dwarf_sections.h"
#include "lib/object/coff.h"
#include "lib/object/elf.h"

#include <kiln/emit.h>

static const struct kn_object_format *const formats[KILN_FORMAT_COUNT] = {
  [KILN_FORMAT_ELF] = &kn_elf_format, [KILN_FORMAT_COFF] = &kn_coff_format};

/* True if the format has what every object needs on the module's target. */
static bool is_supported(const struct kn_object_format *format, kiln_module *m) {
  const kiln_processor p = m->options.target.processor;
  const char *what = NULL;
  if (m->attrs.protection != 0 && (format->protects == NULL || !format->protects(p)))
    what = "protecting an object's code";
  for (unsigned k = KILN_RELOC_ABS64; k <= KILN_RELOC_REL32; k++)
    if (k != KILN_RELOC_ABS32S && !(format->without >> k & 1) &&
        format->reloc_number(p, (kiln_reloc_kind)k) == 0)
      what = "writing objects";
  if (m->target->code.cie_code_align == 0) what = "writing objects";
  if (what == NULL) return true;
  return KN_MODULE_FAIL(false, m, KILN_ERR_UNSUPPORTED, "%s is not supported on %s", what,
                        kn_target_name(m, (char[KN_TARGET_NAME]){0}));
}

static kiln_status emit(const struct kn_object_format *format, kiln_module *m,
                        kiln_session *const *sessions, uint32_t n, bool split, kiln_buffer *out,
                        kiln_buffer *dwo) {
  if (kiln_module_status(m) != KILN_OK) return kiln_module_status(m);
  if (out == NULL || (sessions == NULL && n != 0))
    return kn_module_fail(m, KILN_ERR_ARGUMENT,
                          "the sessions or the buffer for the object are missing (NULL)");
  kiln_session *timed = NULL;
  for (size_t i = 0; i < n; i++) {
    if (sessions[i] == NULL || sessions[i]->module != m)
      return kn_module_fail(m, KILN_ERR_ARGUMENT, "session %zu does not belong to this module", i);
    if (timed == NULL && sessions[i]->timing) timed = sessions[i];
  }
  kiln_diag open;
  if (!kn_sessions_closed(sessions, n, &open) || !kn_kept_begun(m, &open))
    return kiln_module_fail_diag(m, &open);
  if (split && m->options.target.format != format->format)
    return kn_module_fail(m, KILN_ERR_UNSUPPORTED, "split DWARF is not supported on %s",
                          kn_target_name(m, (char[KN_TARGET_NAME]){0}));
  if (m->options.target.format != format->format)
    return kn_module_fail(m, KILN_ERR_ARGUMENT, "the module is for objects of the format %s",
                          kiln_format_name(m->options.target.format));
  if (!is_supported(format, m)) return m->diag.status;
  const size_t size = out->size, dwo_size = dwo != NULL ? dwo->size : 0;
  uint64_t start_ns = timed != NULL ? kn_clock_ns() : 0;
  struct kn_image image = {
    .format = format, .m = m, .sessions = sessions, .n_sessions = n, .split = split, .dwo = dwo};
  bool made = kn_image_lay_out(&image) && kn_dwarf_add_sections(&image);
  kiln_status status = made ? format->write(&image, out) : m->diag.status;
  /* tables that a writer shares report to the module that memory is lacking */
  if (status == KILN_OK) status = kn_module_own(m);
  if (status != KILN_OK) out->size = size;
  if (status != KILN_OK && dwo != NULL) dwo->size = dwo_size;
  kn_dwarf_free(image.debug.dwarf);
  kn_image_free(&image);
  if (timed != NULL) timed->stats.object_ns += kn_clock_ns() - start_ns;
  return status;
}

kiln_status kiln_emit_object(kiln_module *m, kiln_session *const *sessions, uint32_t n,
                             kiln_buffer *out) {
  return emit(formats[kiln_module_get_target(m).format], m, sessions, n, false, out, NULL);
}

kiln_status kiln_emit_elf(kiln_module *m, kiln_session *const *sessions, uint32_t n,
                          kiln_buffer *out) {
  return emit(&kn_elf_format, m, sessions, n, false, out, NULL);
}

kiln_status kiln_emit_elf_split(kiln_module *m, kiln_session *const *sessions, uint32_t n,
                                kiln_buffer *out, kiln_buffer *dwo) {
  return emit(&kn_elf_format, m, sessions, n, true, out, dwo);
}
