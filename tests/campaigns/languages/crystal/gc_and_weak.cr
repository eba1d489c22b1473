class Node
  property nxt : Node?
  getter data : Bytes
  def initialize(@nxt, n) @data = Bytes.new(n, n.to_u8!) end
end
sum = 0_i64
20.times do |round|
  head = nil
  2000.times { |i| head = Node.new(head, i % 200) }
  GC.collect if round % 5 == 0
  while head
    sum += head.data.size + (head.data[0]? || 0_u8)
    head = head.nxt
  end
end
p sum, GC.stats.heap_size > 0
