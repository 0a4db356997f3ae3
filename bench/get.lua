-- wrk: GETs a path whose %ID% is new with every request, each by the next user agent of a file, and prints one line of
-- figures for the reader of its output. Arguments: the file of user agents, a prefix for the ids.
local requests, prefix, count = {}, "", 0

function init(args)
  prefix = args[2]
  for agent in assert(io.open(args[1])):lines() do
    wrk.headers["User-Agent"] = agent
    requests[#requests + 1] = wrk.format()
  end
end

function request()
  count = count + 1
  return (requests[count % #requests + 1]:gsub("%%ID%%", prefix .. count))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "FIGURES %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99.0), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
