log = "2024-01-02 ERROR [db] timeout after 30ms; 2024-02-03 INFO [web] served in 4ms"
re = /(?<date>\d{4}-\d\d-\d\d) (?<level>[A-Z]+) \[(?<unit>\w+)\]/
log.scan(re) { |m| puts "#{m["date"]} #{m["level"]} #{m["unit"]} #{m.begin} #{m.pre_match.size}" }
p log.gsub(/(\d+)ms/) { "#{$1.to_i * 1000}us" }, log =~ /INFO/, re.match("none"), Regex.escape("a.b*c"), /a#{1 + 1}b/i.matches?("A2B")
case "key = value"
when /^(\w+)\s*=\s*(\w+)$/ then puts "#{$2} <- #{$1}"
else puts "no"
end
