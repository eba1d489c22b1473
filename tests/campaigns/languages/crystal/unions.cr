def pick(n) : Int32 | String | Nil | Array(Int32)
  case n
  when 0 then 42
  when 1 then "str"
  when 2 then nil
  else        [n, n]
  end
end
4.times do |i|
  v = pick(i)
  case v
  in Int32        then puts "int #{v + 1}"
  in String       then puts "str #{v.size}"
  in Nil          then puts "nil"
  in Array(Int32) then puts "arr #{v.sum}"
  end
  puts v.try(&.to_s), typeof(v), v.nil?
end
a = [1, "x", 2.5, nil, 'c', :s, true]
p a, a.compact.map(&.class), a.select(Float64), a.count { |x| x.is_a?(Number) }, (a[0] || 3), a[3] || "default"
