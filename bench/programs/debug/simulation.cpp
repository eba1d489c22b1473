// A simulation of events: a bank's queues and a cache, with shared_ptr, virtual functions, std::function, list and
// maps.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

class Random {
  std::uint32_t state = 2463534242;

public:
  std::uint32_t operator()(std::uint32_t below) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
  }
};

struct Time {
  long ticks = 0;
  auto operator<=>(const Time &) const = default;
  friend Time operator+(Time a, Time b) { return {a.ticks + b.ticks}; }
  friend Time operator-(Time a, Time b) { return {a.ticks - b.ticks}; }
};

struct Customer {
  int number;
  Time arrival, patience;
};
struct Arrived {
  std::shared_ptr<Customer> who;
};
struct Served {
  std::shared_ptr<Customer> who;
  std::size_t desk;
};
struct Closed {};
using What = std::variant<Arrived, Served, Closed>;

struct Event {
  Time at;
  int order; // of events at the same time
  What what;
  bool operator<(const Event &other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
};

class Statistics {
public:
  virtual ~Statistics() = default;
  virtual void add(Time waited) = 0;
  virtual std::string text() const = 0;
};

class Mean : public Statistics {
  long count = 0, sum = 0;

public:
  void add(Time waited) override { count++, sum += waited.ticks; }
  std::string text() const override { return "mean " + std::to_string(count ? sum * 100 / count : 0); }
};

class Histogram : public Statistics {
  std::map<long, int> counts;

public:
  void add(Time waited) override { counts[waited.ticks / 20]++; }
  std::string text() const override {
    auto most = std::max_element(counts.begin(), counts.end(), [](auto &a, auto &b) { return a.second < b.second; });
    return "most " +
           (most == counts.end() ? "none" : std::to_string(most->first) + ": " + std::to_string(most->second));
  }
};

class Bank {
  std::priority_queue<Event> events;
  std::deque<std::shared_ptr<Customer>> waiting;
  std::vector<std::optional<Time>> desks; // since when each is taken
  std::vector<std::unique_ptr<Statistics>> statistics;
  Random random;
  Time now;
  int order = 0, left = 0, arrivals = 0;
  bool open = true;

  void later(long ticks, What what) { events.push({now + Time{ticks}, order++, std::move(what)}); }
  void serve() {
    for (std::size_t desk = 0; desk < desks.size() && !waiting.empty(); desk++) {
      if (desks[desk]) continue;
      auto who = std::move(waiting.front());
      waiting.pop_front();
      desks[desk] = now;
      for (auto &s : statistics) s->add(now - who->arrival);
      later(20 + random(60), Served{std::move(who), desk});
    }
  }
  void next_arrival() {
    long ticks = 1 + random(19);
    later(ticks, Arrived{std::make_shared<Customer>(Customer{arrivals++, {}, {long(50 + random(100))}})});
  }

public:
  explicit Bank(std::size_t count) : desks(count) {
    statistics.push_back(std::make_unique<Mean>());
    statistics.push_back(std::make_unique<Histogram>());
  }
  void operator()(const Arrived &arrived) {
    arrived.who->arrival = now;
    waiting.push_back(arrived.who);
    if (open) next_arrival();
  }
  void operator()(const Served &served) { desks[served.desk].reset(); }
  void operator()(const Closed &) { open = false; }
  void run(long day) {
    next_arrival();
    later(day, Closed{});
    while (!events.empty()) {
      Event event = events.top();
      events.pop();
      now = event.at;
      std::visit(*this, event.what);
      left += int(std::erase_if(waiting, [this](const auto &who) { return now - who->arrival > who->patience; }));
      serve();
    }
  }
  void print() const {
    std::printf("%d came, %d left, until %ld", arrivals, left, now.ticks);
    for (const auto &s : statistics) std::printf(", %s", s->text().c_str());
    std::printf("\n");
  }
};

/// Keeps what was used last.
template <class Key, class Value> class Cache {
  std::list<std::pair<Key, Value>> items; // the last used first
  std::unordered_map<Key, typename std::list<std::pair<Key, Value>>::iterator> places;
  std::size_t room;
  std::function<Value(const Key &)> load;

public:
  long hits = 0;
  Cache(std::size_t room, std::function<Value(const Key &)> load) : room(room), load(std::move(load)) {}
  const Value &get(const Key &key) {
    if (auto found = places.find(key); found != places.end()) {
      hits++;
      items.splice(items.begin(), items, found->second);
      return items.front().second;
    }
    if (items.size() == room) {
      places.erase(items.back().first);
      items.pop_back();
    }
    items.emplace_front(key, load(key));
    places[key] = items.begin();
    return items.front().second;
  }
};

int main() {
  for (std::size_t desks : {3, 4, 5}) {
    Bank bank(desks);
    bank.run(130000);
    bank.print();
  }
  Cache<int, std::string> cache(64,
                                [](int key) { return std::string(std::size_t(key % 5), 'x') + std::to_string(key); });
  Random random;
  std::size_t length = 0;
  for (int i = 0; i < 130000; i++) length += cache.get(int(random(10) * random(20))).size();
  std::printf("%ld %zu\n", cache.hits, length);
}
