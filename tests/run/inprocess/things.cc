/* C++: objects with a life of the program's or of a thread's length, virtual functions, templates, containers; with
 * an argument an exception that nobody catches, through frames of the program. */
#include <cstdio>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

struct loud {
  std::string name;
  explicit loud(const char *n) : name(n) { std::cout << "made " << name << std::endl; }
  ~loud() { std::cout << "gone " << name << std::endl; }
};
static loud global("global");
static thread_local loud local("local");
struct shape {
  virtual ~shape() = default;
  virtual int area() const = 0;
};
struct square : shape {
  int side;
  explicit square(int n) : side(n) {}
  int area() const override { return side * side; }
};
static int deep(int n) {
  loud here("frame");
  return n == 0 ? 0 : deep(n - 1) + 1;
}
int main(int argc, char **) {
  static loud later("later");
  std::cout << deep(3) << std::endl;
  std::map<std::string, std::vector<int>> m;
  for (int i = 0; i < 100; i++) m[std::to_string(i % 7)].push_back(i);
  for (const auto &[k, v] : m) std::cout << k << ':' << v.size() << ' ' << v.back() << '\n';
  std::thread t([] { std::cout << local.name << std::endl; });
  t.join();
  std::unique_ptr<shape> s(new square(argc + 6));
  std::cout << dynamic_cast<square &>(*s).area() << std::endl;
  if (argc > 1) m.at("nothing");
  return 4;
}
