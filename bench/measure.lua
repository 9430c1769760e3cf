-- wrk: the same request again and again; ends with one line of numbers.
--
--   wrk ... -s measure.lua URL [-- MSEC]
--
-- With MSEC every client waits a random time below it before each request.
--
-- RESULT requests microseconds p50 p99 failed        (latencies: microseconds)

function init(args)
    local pause = tonumber(args[1] or 0)

    if pause > 0 then
        math.randomseed(1)
        delay = function() return math.random(0, pause) end
    end
end

function done(summary, latency)
    local e = summary.errors

    print(string.format("RESULT %d %d %d %d %d",
        summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
