# Words, fields, substitution, arrays, numbers.
{
  for (i = 1; i <= NF; i++) count[$i]++
  length_sum += length($0)
  if (match($0, /[a-z_]+\([^)]*\)/)) calls[substr($0, RSTART, RLENGTH)]++
  gsub(/[0-9]+/, "<&>")
  if (/if|for|while/) loops++
  checksum = (checksum * 31 + length($0)) % 1000003
}
END {
  for (w in count) { n++; if (count[w] > most) { most = count[w] } }
  for (c in calls) m++
  for (i = 0; i < 300000; i++) x = (x * 17 + i) % 65521
  print NR, n, m, most, length_sum, loops, checksum, x
}
