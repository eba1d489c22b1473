/* Processors by LLVM's names, as lists of the features that the reader looks for: code for a named processor may use
 * them, although its attribute target-features need not list them. Called by attrs.c.
 * Invariant: a name is in one row at most. */
#include "bc.h"

/* Processors with the same features; each name has a space before and after it. Those that are not here have none. */
struct row {
  const char *features, *names;
};
/* clang-format off */
static const struct row x86_64[] = {
  {"", " x86-64 "}, /* most modules name this one */
  {"+prfchw",
   " athlon athlon-4 athlon-fx athlon-mp athlon-tbird athlon-xp athlon64 c3 geode k6-2 k6-3 "
   "k8 opteron winchip2 "},
  {"+cx16",
   " nocona "},
  {"+cx16,+prfchw",
   " amdfam10 athlon64-sse3 barcelona k8-sse3 opteron-sse3 "},
  {"+cx16,+ssse3",
   " atom bonnell core2 core_2_duo_ssse3 "},
  {"+cx16,+ssse3,+prfchw",
   " btver1 "},
  {"+cx16,+ssse3,+sse4.1",
   " core_2_duo_sse4_1 core_aes_pclmulqdq core_i7_sse4_2 corei7 nehalem penryn westmere "
   "x86-64-v2 "},
  {"+cx16,+ssse3,+sse4.1,+prfchw",
   " atom_sse4_2 atom_sse4_2_movbe goldmont goldmont-plus goldmont_plus silvermont slm "
   "tremont "},
  {"+cx16,+ssse3,+sse4.1,+avx",
   " core_2nd_gen_avx corei7-avx sandybridge "},
  {"+cx16,+ssse3,+sse4.1,+avx,+prfchw",
   " bdver1 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c",
   " core-avx-i core_3rd_gen_avx ivybridge "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+prfchw",
   " btver2 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+prfchw",
   " bdver2 bdver3 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2",
   " core-avx2 core_4th_gen_avx core_4th_gen_avx_tsx haswell x86-64-v3 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2,+prfchw",
   " bdver4 broadwell c86-4g-m4 c86-4g-m6 core_5th_gen_avx core_5th_gen_avx_tsx skylake "
   "znver1 znver2 znver3 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2,+avx512f",
   " x86-64-v4 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2,+avxvnni,+prfchw",
   " alderlake gracemont meteorlake raptorlake "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2,+avx512f,+prfchw",
   " c86-4g-m7 c86-4g-m8 cannonlake cascadelake cooperlake icelake-client icelake-server "
   "icelake_client icelake_server knl knm mic_avx512 rocketlake skx skylake-avx512 "
   "skylake_avx512 tigerlake znver4 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2,+avxvnni,+avxifma,+prfchw",
   " arrowlake arrowlake-s arrowlake_s clearwaterforest grandridge lunarlake pantherlake "
   "sierraforest wildcatlake "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2,+avx512f,+avxvnni,+prfchw",
   " emeraldrapids graniterapids graniterapids-d graniterapids_d sapphirerapids znver5 "},
  {"+cx16,+ssse3,+sse4.1,+avx,+f16c,+fma,+avx2,+bmi2,+avx512f,+avxvnni,+avxifma,+prfchw",
   " diamondrapids novalake znver6 "},
};
static const struct row aarch64[] = {
  {"", " generic "}, /* most modules name this one */
  {"+lse",
   " oryon-1 saphira thunderx2t99 thunderx3t110 "},
  {"+lse,+fullfp16",
   " a64fx ampere1 ampere1a ampere1b ampere1c apple-a11 apple-a12 apple-a13 apple-a14 "
   "apple-a15 apple-a16 apple-a17 apple-a18 apple-a19 apple-m1 apple-m2 apple-m3 apple-m4 "
   "apple-m5 apple-s10 apple-s4 apple-s5 apple-s6 apple-s7 apple-s8 apple-s9 c1-nano "
   "c1-premium c1-pro c1-ultra carmel cobalt-100 cortex-a320 cortex-a510 cortex-a520 "
   "cortex-a520ae cortex-a55 cortex-a65 cortex-a65ae cortex-a710 cortex-a715 cortex-a720 "
   "cortex-a720ae cortex-a725 cortex-a75 cortex-a76 cortex-a76ae cortex-a77 cortex-a78 "
   "cortex-a78ae cortex-a78c cortex-r82 cortex-r82ae cortex-x1 cortex-x1c cortex-x2 "
   "cortex-x3 cortex-x4 cortex-x925 exynos-m4 exynos-m5 fujitsu-monaka gb10 grace "
   "neoverse-512tvb neoverse-e1 neoverse-n1 neoverse-n2 neoverse-n3 neoverse-v1 neoverse-v2 "
   "neoverse-v3 neoverse-v3ae olympus tsv110 "},
};
/* clang-format on */

#define ROWS(rows) {rows, sizeof rows / sizeof *rows}
static const struct {
  const struct row *rows;
  size_t n;
} targets[] = {[KILN_PROCESSOR_X86_64] = ROWS(x86_64), [KILN_PROCESSOR_AARCH64] = ROWS(aarch64)};
_Static_assert(sizeof targets / sizeof *targets == KILN_PROCESSOR_COUNT, "every target has a row");

const char *kn_bc_processor_features(kiln_processor target, const char *name) {
  char word[64] = " ";
  const size_t length = strlen(name);
  if (length == 0 || length + 3 > sizeof word || strchr(name, ' ') != NULL) return "";
  memcpy(word + 1, name, length);
  word[length + 1] = ' ';
  for (size_t i = 0; i < targets[target].n; i++)
    if (strstr(targets[target].rows[i].names, word) != NULL)
      return targets[target].rows[i].features;
  return "";
}
