s = "Hello, Wörld! 日本語 😀"
p s.size, s.bytesize, s.reverse, s.upcase, s.chars.map(&.ord), s[7..11], s.index("W"), s.split(' '), s.bytes.sum(&.to_i)
p s.gsub("l", "L"), s.tr("a-y", "b-z"), s.center(40, '*'), s.starts_with?("He"), s.sub(/o/) { |m| m.upcase }, s.squeeze('l')
p "a,b;c".split(/[,;]/), "%05.2f|%-6s|%+d|%x|%08b" % {3.14159, "ab", 42, 255, 37}, "abc".succ, "Zz".succ, "ab" * 3
p "line1\nline2\r\nline3".lines, "  x ".strip, "title case".titleize, "CamelCaseHere".underscore, "snake_case".camelcase
p "12".to_i + "0x1f".to_i(prefix: true), "3.5e2".to_f, "zz".to_i(36), "x".to_i?, "a" <=> "b", "ä".unicode_normalize(:nfd).size
p "abcabc".scan(/b(c)/).map(&.[1]), "text" =~ /x/, $~[0], "héllo".byte_slice(0, 3), "ab\u0000c\e".inspect, "q".ljust(3, '.') + "q".rjust(3, '.')
