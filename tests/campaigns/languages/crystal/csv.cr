require "csv"
text = "name,age,note\nAnn,33,\"a, b\"\nBob,41,\"say \"\"hi\"\"\"\n"
csv = CSV.new(text, headers: true)
while csv.next
  p csv["name"], csv["age"].to_i, csv.row.to_h
end
p CSV.parse("a;b\n1;2\n", ';'), CSV.build { |c| c.row 1, "x,y", nil; c.row "q\"" }
begin
  CSV.parse("\"open")
rescue e : CSV::MalformedCSVError
  puts e.message
end
