require "option_parser"
verbose, name, list = false, "none", [] of String
args = %w(-v --name=abc -l x -l y file1 file2)
parser = OptionParser.new do |o|
  o.banner = "Usage: x"
  o.on("-v", "--verbose", "Talk") { verbose = true }
  o.on("-n NAME", "--name=NAME", "Name") { |n| name = n }
  o.on("-l ITEM", "Item") { |i| list << i }
  o.invalid_option { |f| puts "bad #{f}" }
end
parser.parse(args)
p verbose, name, list, args
parser.parse(%w(--what))
puts parser
