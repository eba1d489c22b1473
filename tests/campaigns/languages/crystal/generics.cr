class Stack(T)
  include Enumerable(T)
  def initialize; @items = [] of T; end
  def push(x : T) @items.push(x); self end
  def pop : T?
    @items.pop?
  end
  def each(&) @items.each { |x| yield x } end
end
class Tree(K, V)
  class Node(K, V)
    property left : Node(K, V)?, right : Node(K, V)?, value : V
    getter key : K
    def initialize(@key, @value); end
  end
  @root : Node(K, V)?
  def []=(k : K, v : V)
    @root = put(@root, k, v)
  end
  private def put(n : Node(K, V)?, k, v)
    return Node(K, V).new(k, v) unless n
    if k < n.key
      n.left = put(n.left, k, v)
    elsif k > n.key
      n.right = put(n.right, k, v)
    else
      n.value = v
    end
    n
  end
  def each(n = @root, &block : K, V ->)
    return unless n
    each(n.left, &block)
    block.call n.key, n.value
    each(n.right, &block)
  end
end
s = Stack(Int32 | String).new.push(1).push("a").push(3)
p s.to_a, s.pop, s.select(Int32), s.map(&.to_s), Stack(Float64).new.pop
t = Tree(String, Int32).new
%w(m c x a d z m).each_with_index { |k, i| t[k] = i }
t.each { |k, v| print k, v, ' ' }
puts
def biggest(a : Array(T)) : T forall T
  a.max
end
p biggest([1, 5, 2]), biggest(%w(a c b)), typeof(biggest([1.5]))
