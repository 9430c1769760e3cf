-- wrk: how long an answer takes.
--
--   wrk ... -s scale.lua URL -- gate COOKIES NAME       a session after another,
--                                                       from a file of values
--   wrk ... -s scale.lua URL -- login LOGIN PASSWORD CSRF
--
-- RESULT p50 requests otherwise     (microseconds; otherwise: not the status
--                                    that such a request is answered with)

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    otherwise = 0

    if args[1] == "gate" then
        local values, next_one = {}, 0

        for value in io.lines(args[2]) do
            table.insert(values, args[3] .. "=" .. value)
        end

        expected = 200

        function request()
            next_one = next_one % #values + 1

            return wrk.format(nil, nil, { Cookie = values[next_one] })
        end

        return
    end

    expected = 303
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
    wrk.body = "login=" .. args[2] .. "&password=" .. args[3]
        .. "&csrf=" .. args[4]

    local text = wrk.format()

    function request()
        return text
    end
end

function response(status)
    if status ~= expected then
        otherwise = otherwise + 1
    end
end

function done(summary, latency)
    local e = summary.errors

    print(string.format("RESULT %d %d %d", latency:percentile(50),
        summary.requests, threads[1]:get("otherwise") + e.connect + e.read
        + e.write + e.timeout))
end
