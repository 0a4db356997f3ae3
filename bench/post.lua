-- wrk: POSTs a JSON body whose every %ID% is new, and prints one line of figures for the reader of its output.
-- Arguments: the file with the body, a prefix for the ids, then any number of "Name: value" headers.
local body, prefix, count = "", "", 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  body = file:read("*a")
  file:close()
  prefix = args[2]
  wrk.method = "POST"
  for index = 3, #args do
    local name, value = args[index]:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
end

function request()
  count = count + 1
  return wrk.format(nil, nil, nil, (body:gsub("%%ID%%", prefix .. count)))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "FIGURES %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99.0), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
