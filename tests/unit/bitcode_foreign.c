/* Which functions of C and C++ are foreign: by their names, as clang and gcc mangle them, and by the paths of
 * headers. */
#include "bitcode_fixture.h"
#include "debug/debug.h"

struct one {
  const char *text;
  bool foreign;
};

CASE(names) {
  static const struct one all[] = {
    {"_ZSt4moveIRiEONSt16remove_referenceIT_E4typeEOS2_", true}, /* std::move<int &> */
    {"_ZNSt6vectorIiSaIiEE9push_backEOi", true},
    {"_ZNKSt6vectorIiSaIiEE4sizeEv", true},
    {"_ZNSt6vectorI4UserSaIS0_EEixEm", true}, /* std::vector<User>::operator[] */
    {"_ZNSaIcEC1Ev", true},                   /* std::allocator<char>::allocator() */
    {"_ZNSsC1EPKcRKSaIcE", true},             /* the string of before 2011 */
    {"_ZNSolsEi", true},
    {"_ZNOSt8optionalIiE5valueEv", true},
    {"_ZN9__gnu_cxx13new_allocatorIiE8allocateEmPKv", true},
    {"_ZN9__gnu_cxxeqIPiSt6vectorIiSaIiEEEEbRKNS_17__normal_iteratorIT_T0_EESA_", true},
    {"_ZZNSt8__detail4findEvENKUlvE_clEv", true}, /* a lambda in std::__detail::find() */
    {"_ZnwmPv", true},                            /* placement new and delete */
    {"_ZdaPvS_", true},
    {"_ZNSt12_GLOBAL__N_14lessEi", true},
    {"_Znwm", false}, /* which a program may replace */
    {"_ZdlPvm", false},
    {"main", false},
    {"_Z3stdv", false},
    {"_ZN3std4moveEv", false}, /* the name of a namespace that is called std is St */
    {"_ZN4User3addESt6vectorIiSaIiEE", false},
    {"_ZplRK4UserS1_", false},
    {"_ZZ4mainENKUlSt6vectorIiSaIiEEE_clES1_", false},
    {"_ZN4UserC2ERKS_", false},
    {"_ZN8__gnu_cx1fEv", false},
    {"_ZN9__gnu_cx", false},
    {"_ZL4findRKSt6vectorIiSaIiEE", false},
    {"_ZThn8_NSt3any3getEv", false}, /* a thunk */
    {"_ZTWN1a1bE", false},
    {"_ZN4core3fmt9Arguments6as_str17h0123456789abcdefE", false},
    {"_RNvNtCs1234_4core3fmt5write", false},
    {"_Z", false},
    {"_ZN", false},
    {"_ZNS", false},
    {"_ZN99999999999999999999x", false},
    {"", false},
  };
  assert_false(kn_bc_foreign_name(NULL, 0));
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    const size_t n = strlen(all[i].text);
    char *exact = malloc(n + 1); /* nothing after its end is read */
    memcpy(exact + 1, all[i].text, n);
    if (kn_bc_foreign_name(exact + 1, n) != all[i].foreign) fail_msg("%s", all[i].text);
    free(exact);
  }
}

CASE(headers) {
  static const struct one all[] = {
    {"/usr/include/stdlib.h", true},
    {"/usr/include/c++/14/bits/stl_vector.h", true},
    {"/usr/bin/../lib/gcc/x86_64-linux-gnu/12/../../../../include/c++/12/bits/stl_vector.h", true},
    {"/usr/lib/llvm-22/lib/clang/22/include/immintrin.h", true},
    {"/usr//./aarch64-linux-gnu/include/c++/12/vector", true},
    {"/home/a/usr/include/own.h", false},
    {"/home/a/include/own.h", false},
    {"/usr/local/include/own.h", false},
    {"/usr/src/program/include/own.h", false},
    {"/usr/../home/a/include/own.h", false},
    {"/usr/include", false},
    {"/usr/own.c", false},
    {"usr/include/own.h", false},
    {"/usr/../..", false},
    {"", false},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (kn_bc_foreign_header(all[i].text) != all[i].foreign) fail_msg("%s", all[i].text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(headers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
