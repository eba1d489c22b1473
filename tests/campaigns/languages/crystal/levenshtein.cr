require "levenshtein"
require "string_scanner"
p Levenshtein.distance("kitten", "sitting"), Levenshtein.find("helo", %w(hello help yellow))
s = StringScanner.new("let x = 12 + y")
while !s.eos?
  if t = s.scan(/\s+/)
  elsif t = s.scan(/\d+/)
    puts "number #{t}"
  elsif t = s.scan(/\w+/)
    puts "word #{t}"
  else
    puts "other #{s.scan(/./)} at #{s.offset}"
  end
end
