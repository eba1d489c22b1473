require "log"
io = IO::Memory.new
backend = Log::IOBackend.new(io, dispatcher: Log::DispatchMode::Sync, formatter: Log::Formatter.new { |e, to| to << e.severity << ' ' << e.source << ' ' << e.message << ' ' << e.data << ' ' << e.exception.try(&.message) })
Log.setup(:debug, backend)
log = Log.for("app.db")
log.info { "started" }
log.warn(exception: Exception.new("boom")) { "warned" }
log.trace { "hidden" }
log.debug &.emit("data", n: 1, s: "x")
puts io.to_s
