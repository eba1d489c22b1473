/* Windows' bcryptprimitives.dll, which wine 8.0 lacks: the one function of it that Rust's standard library calls. */
#include <windows.h>
#include <ntsecapi.h> /* RtlGenRandom, advapi32's SystemFunction036 */

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *at, SIZE_T n) {
  for (; n > 0; at++, n--)
    if (!RtlGenRandom(at, 1)) return FALSE;
  return TRUE;
}
