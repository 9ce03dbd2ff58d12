-- What every script tells at the end: one line that the Python side reads.

local function milliseconds(microseconds)
  return string.format('%.3f', microseconds / 1000)
end

function done(summary, latency, _)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('RESULT {"requests": %d, "seconds": %.3f, "p50_ms": %s, "p99_ms": %s, "refused": %d, "failed": %d}\n',
    summary.requests, summary.duration / 1e6, milliseconds(latency:percentile(50)), milliseconds(latency:percentile(99)),
    summary.errors.status, failed))
end
