#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>
#ifdef WITH_MODULE
import shape;
#endif

extern "C" int first(const char *text);
int second(int n);
int third(int n);
const char *found();
#ifdef WITH_ASM
extern "C" int seven(void);
#endif

int main() {
  std::map<std::string, int> all = {{"first", first("hello")}, {"second", second(21)}, {"third", third(9)}};
  try {
    second(-1);
  } catch (const std::out_of_range &e) {
    all[e.what()] = -1;
  }
#ifdef WITH_ASM
  all["seven"] = seven();
#endif
#ifdef WITH_MODULE
  all["area"] = Square{5}.area();
#endif
  for (const auto &[name, value] : all) std::printf("%s=%d ", name.c_str(), value);
  std::printf("%s\n", found());
  return 0;
}
