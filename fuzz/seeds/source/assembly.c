/* Inline assembly: each kind of constraint, several outputs, memory, flags, labels, and the module's own. */
__asm__(".globl marker\nmarker: .byte 1, 2\n.symver versioned, versioned@V1");

int versioned(int a) { return a; }
unsigned long sum(unsigned long a, unsigned long b, unsigned char *carry) {
  __asm__("addq %2, %0" : "+r"(a), "=@ccc"(*carry) : "r"(b) : "cc");
  return a;
}
unsigned divide(unsigned long a, unsigned b, unsigned *rest) {
  unsigned q;
  __asm__("divl %4" : "=a"(q), "=d"(*rest) : "0"((unsigned)a), "1"((unsigned)(a >> 32)), "rm"(b));
  return q;
}
void copy(void *to, const void *from, unsigned long n) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
int positive(int a) {
  __asm__ goto("testl %0, %0; jg %l[yes]" : : "r"(a) : "cc" : yes);
  return 0;
yes:
  return 1;
}
double root(double a) {
  __asm__("sqrtsd %1, %0" : "=x"(a) : "xm"(a));
  return a;
}
long double twice(long double a) {
  __asm__("fadd %%st, %%st(0)" : "+t"(a));
  return a;
}
int bit(const int *p) {
  int out;
  __asm__(".pushsection .note.a, \"\", @note; .long 7; .popsection; movl %1, %0; shll %2, %0"
          : "=&r"(out)
          : "m"(*p), "i"(5));
  return out;
}
