('a'..'e').each { |c| print c.succ, c.ord, ' ' }
puts
p 'ß'.upcase, 'ǆ'.upcase, '9'.to_i, 'f'.to_i(16), 'x'.ascii?, 'é'.letter?, '\t'.whitespace?, 'A'.lowercase?, 'a' + 2, 'z' - 'a', '語'.bytes
