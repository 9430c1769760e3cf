-- wrk: logs in again and again.
--
--   wrk ... -s login.lua URL -- LOGIN PASSWORD CSRF
--
-- posts the form, by turns with the right and with a wrong password; without
-- arguments the request is the same each time, with what -H says.
--
-- RESULT microseconds answered otherwise   (otherwise: not 200, 303 or 401)

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    answered, otherwise = 0, 0

    if #args == 0 then
        return
    end

    local form = "login=" .. args[1] .. "&csrf=" .. args[3] .. "&password="
    local bodies = { [0] = form .. args[2], form .. "wrong-" .. args[2] }
    local turn = 0

    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"

    function request()
        turn = 1 - turn

        return wrk.format(nil, nil, nil, bodies[turn])
    end
end

function response(status)
    if status == 200 or status == 303 or status == 401 then
        answered = answered + 1
    else
        otherwise = otherwise + 1
    end
end

function done(summary)
    local t = threads[1]

    print(string.format("RESULT %d %d %d", summary.duration, t:get("answered"),
        t:get("otherwise")))
end
