/* Calls functions of kept.c with known registers, and prints which ones are others after the calls. What must be
 * kept is LLVM's CSR_64_RT_MostRegs and AllRegs, CSR_AArch64_RT_MostRegs and AllRegs, without those of the result. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void with_all(void *function, uint64_t *gp, void *vectors);
void most_nothing(void), most_void(long), most_long(long, long), most_wide(long),
  most_double(double), most_struct(long), all_nothing(void), all_void(long), all_long(long, long),
  all_double(double), all_frame(long);

#ifdef __x86_64__
#define MOST 0xf7cfu /* all but rsp, rbp and r11 */
#define ALL 0xffffu
#define RESULT 1u
#define RESULT_2 5u /* rax, rdx */
enum { GP = 16, VECTORS = 16, ADDRESS = 7 };
#define CALLEE_SAVED_VECTOR(v) 0
#else
#define MOST 0x1ff8fe00u /* x9 to x15, x19 to x28 */
#define ALL 0xffffff00u
#define RESULT 0u
#define RESULT_2 0u
enum { GP = 32, VECTORS = 32, ADDRESS = 8 };
#define CALLEE_SAVED_VECTOR(v) ((v) >= 8 && (v) < 16)
#endif

static void test(const char *name, void *function, uint32_t gp, uint32_t vectors) {
  static uint64_t memory[8];
  uint64_t g[GP], was_g[GP], v[VECTORS][2], was_v[VECTORS][2];
  for (int i = 0; i < GP; i++) g[i] = 0x9000 + (uint64_t)i * 0x0101010101010101;
  for (int i = 0; i < 2 * VECTORS; i++)
    v[i / 2][i & 1] = 0x4000000000000000 + (uint64_t)i * 0x0001020304050607;
  if (strstr(name, "struct")) g[ADDRESS] = (uint64_t)memory;
  memcpy(was_g, g, sizeof g);
  memcpy(was_v, v, sizeof v);
  with_all(function, g, v);
  printf("%s", name);
  for (int i = 0; i < GP; i++)
    if (gp >> i & 1 && g[i] != was_g[i]) printf(" general %d", i);
  for (int i = 0; i < VECTORS; i++) {
    if (vectors >> i & 1 ? memcmp(v[i], was_v[i], 16) != 0
                         : CALLEE_SAVED_VECTOR(i) && v[i][0] != was_v[i][0])
      printf(" vector %d", i);
  }
  printf(" kept\n");
}

int main(void) {
#define TEST(f, gp, vectors) test(#f, (void *)f, gp, vectors)
  TEST(most_nothing, MOST, 0);
  TEST(most_void, MOST, 0);
  TEST(most_long, MOST & ~RESULT, 0);
  TEST(most_wide, MOST & ~RESULT_2, 0);
  TEST(most_double, MOST, 0);
  TEST(most_struct, MOST, 0);
  TEST(all_nothing, MOST, ALL);
  TEST(all_void, MOST, ALL);
  TEST(all_long, MOST & ~RESULT, ALL);
  TEST(all_double, MOST, ALL & ~1u);
  TEST(all_frame, MOST, ALL);
}
