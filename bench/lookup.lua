-- Used by lua.conf: returns when Redis knows the session, and ends the request
-- with a status otherwise.

return function(address, session)
    local redis = require("nginx.redis"):new()
    redis:set_timeout(250)

    if not redis:connect(address) then
        return ngx.exit(503)
    end

    local record, err = redis:get("lua:" .. session)

    if not record then
        ngx.log(ngx.ERR, "redis: ", err)
        return ngx.exit(503)
    end

    redis:set_keepalive(60000, 128)

    if record == ngx.null then
        return ngx.exit(401)
    end
end
