// Shortest paths in a graph and on a grid: priority_queue of tuples, deque, pairs as places, bounds in optional.
#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <limits>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

struct Edge {
  int to;
  long cost;
};
using Graph = std::vector<std::vector<Edge>>;

struct Route {
  long cost;
  std::vector<int> nodes;
};

std::optional<Route> shortest(const Graph &graph, int from, int to) {
  using Item = std::tuple<long, int, int>; // cost, node, the node before
  std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
  std::vector<std::pair<long, int>> best(graph.size(), {std::numeric_limits<long>::max(), -1});
  queue.emplace(0, from, from);
  while (!queue.empty()) {
    auto [cost, node, before] = queue.top();
    queue.pop();
    if (cost >= best[node].first) continue;
    best[node] = {cost, before};
    if (node == to) {
      Route route{cost, {to}};
      while (route.nodes.back() != from) route.nodes.push_back(best[route.nodes.back()].second);
      std::reverse(route.nodes.begin(), route.nodes.end());
      return route;
    }
    for (const auto &[next, length] : graph[node])
      if (cost + length < best[next].first) queue.emplace(cost + length, next, node);
  }
  return std::nullopt;
}

struct Place {
  int x, y;
  friend Place operator+(Place a, Place b) { return {a.x + b.x, a.y + b.y}; }
  bool operator==(const Place &) const = default;
};

class Maze {
  int width, height;
  std::vector<char> cells;

public:
  Maze(int width, int height, std::mt19937 &random) : width(width), height(height), cells(width * height) {
    std::generate(cells.begin(), cells.end(), [&] { return random() % 4 == 0 ? '#' : '.'; });
    at({0, 0}) = at({width - 1, height - 1}) = '.';
  }
  char &at(Place p) { return cells[p.y * width + p.x]; }
  bool inside(Place p) const { return p.x >= 0 && p.y >= 0 && p.x < width && p.y < height; }

  int steps(Place from, Place to) {
    constexpr std::array<Place, 4> around = {{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
    std::deque<std::pair<Place, int>> queue = {{from, 0}};
    std::vector<bool> seen(cells.size());
    while (!queue.empty()) {
      auto [place, count] = queue.front();
      queue.pop_front();
      if (place == to) return count;
      for (Place step : around) {
        Place next = place + step;
        if (!inside(next) || at(next) == '#' || seen[next.y * width + next.x]) continue;
        seen[next.y * width + next.x] = true;
        queue.emplace_back(next, count + 1);
      }
    }
    return -1;
  }
};

class Sets {
  std::vector<int> parents;

public:
  explicit Sets(int n) : parents(n) { std::iota(parents.begin(), parents.end(), 0); }
  int root(int i) {
    while (parents[i] != i) i = std::exchange(parents[i], parents[parents[i]]);
    return i;
  }
  bool join(int a, int b) {
    a = root(a), b = root(b);
    parents[a] = b;
    return a != b;
  }
};

int main() {
  std::mt19937 random(42);
  const int n = 3000;
  Graph graph(n);
  std::vector<std::tuple<long, int, int>> edges;
  for (int i = 0; i < 4 * n; i++) {
    int from = int(random() % n), to = int(random() % n);
    long cost = long(random() % 1000) + 1;
    graph[from].push_back({to, cost});
    graph[to].push_back({from, cost});
    edges.emplace_back(cost, from, to);
  }
  long sum = 0;
  for (int i = 1; i < 30; i++)
    if (auto route = shortest(graph, 0, n - i)) sum += route->cost * long(route->nodes.size());
  std::printf("routes %ld, %s\n", sum, shortest({{}, {}}, 0, 1) ? "one" : "none");

  std::sort(edges.begin(), edges.end());
  Sets sets(n);
  long tree = 0;
  for (auto [cost, from, to] : edges)
    if (sets.join(from, to)) tree += cost;
  std::printf("tree %ld\n", tree);

  for (int size : {20, 60, 250}) {
    Maze maze(size, size, random);
    std::printf("maze %d\n", maze.steps({0, 0}, {size - 1, size - 1}));
  }
}
