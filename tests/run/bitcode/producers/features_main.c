/* Prints what the functions of features.zig give. */
#include <stdio.h>
#include <stdint.h>
void show(const char *t, uint64_t v) { printf("%s %llx\n", t, (unsigned long long)v); }
void showd(const char *t, double v) { printf("%s %a\n", t, v); }
uint32_t run(uint32_t);
int main(void) {
  printf("%u\n", run(42));
  printf("%u\n", run(200));
}
