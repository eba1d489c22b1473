// Landing pads with clauses of every kind: small, so that a damaged byte hits something.
struct Base { virtual ~Base() {} int b = 1; };
struct Left : virtual Base { int l = 2; };
struct Guard { int *n; ~Guard() { ++*n; } };
int risky(int k);
void bare(int k) noexcept { risky(k); }
int filtered(int k) throw(int, Left) { return risky(k); }
int all(int k) {
  int n = 0;
  try {
    Guard g{&n};
    n += risky(k) + filtered(k);
    if (k == 3) throw Left();
  } catch (int e) {
    n += e;
    throw;
  } catch (Base &b) {
    n += b.b;
  } catch (...) {
    return -n;
  }
  return n;
}
