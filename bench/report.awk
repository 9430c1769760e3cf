# Makes the tables from samples: round, name, requests/s, p50, p99 (microseconds)
# and the percent of a core that the worker had.  Round 0 is the warm-up.  Numbers
# are medians over the rounds, with the least and the largest; shares and factors
# come from within each round and not from the medians.

BEGIN {
    FS = "\t"

    says["ungated"]      = "ungated"
    says["gated"]        = "gated, session with code"
    says["auth_request"] = "`auth_request`, null backend"
    says["lua"]          = "Lua, one Redis GET"
    says["none"]         = "nothing"
    says["login"]        = "8 clients at `/mfa/login` (yescrypt)"
    says["basic"]        = "8 clients at `auth_basic` (bcrypt, cost 10)"
}

$1 > 0 {
    rate[$2, $1] = $3
    p50[$2, $1] = $4 / 1000
    p99[$2, $1] = $5 / 1000
    busy[$2, $1] = $6
    per_cpu[$2, $1] = $6 > 0 ? $3 / $6 : 0

    if ($1 > rounds) {
        rounds = $1
    }
}

# Sorts list[1..rounds].
function sort(list,    i, j, x) {
    for (i = 2; i <= rounds; i++) {
        x = list[i]

        for (j = i - 1; j > 0 && list[j] > x; j--) {
            list[j + 1] = list[j]
        }

        list[j + 1] = x
    }
}

function median(list) {
    sort(list)

    return (list[int((rounds + 1) / 2)] + list[int(rounds / 2) + 1]) / 2
}

# of[name, *], or its share of[name, *] / of[base, *].
function pick(list, of, name, base,    i) {
    for (i = 1; i <= rounds; i++) {
        list[i] = of[name, i] + 0

        if (base != "") {
            list[i] = of[base, i] > 0 ? list[i] / of[base, i] : 0
        }
    }
}

function middle(of, name, format,    list) {
    pick(list, of, name)

    return sprintf(format, median(list))
}

function spread(of, name, base, format,    list, m) {
    pick(list, of, name, base)
    m = median(list)

    return sprintf(format " (" format "–" format ")", m, list[1], list[rounds])
}

function throughput(work, title,    i, n, name, names) {
    printf "\n## %s\n\n", title
    print "| | requests/s | share of ungated | the same by CPU time " \
        "| p99, ms | worker |"
    print "|---|---|---|---|---|---|"

    n = split("ungated gated auth_request lua", names, " ")

    for (i = 1; i <= n; i++) {
        name = work "." names[i]

        if ((name, 1) in rate) {
            printf "| %s | %s | %s | %s | %s | %s %% |\n", says[names[i]],
                spread(rate, name, "", "%d"),
                i == 1 ? "1" : spread(rate, name, work ".ungated", "%.2f"),
                i == 1 ? "1" : spread(per_cpu, name, work ".ungated", "%.2f"),
                middle(p99, name, "%.1f"), middle(busy, name, "%d")
        }
    }
}

function stall(load, title,    i, n, name, names) {
    printf "\n## %s\n\n", title
    print "| meanwhile | logins/s | p50, ms | p99, ms | p99, times idle |"
    print "|---|---|---|---|---|"

    n = split("none login basic", names, " ")

    for (i = 1; i <= n; i++) {
        name = load "." names[i]

        if ((name, 1) in rate) {
            printf "| %s | %s | %s | %s | %s |\n", says[names[i]],
                i == 1 ? "" : middle(rate, "logins." names[i], "%d"),
                middle(p50, name, "%.2f"), spread(p99, name, "", "%.2f"),
                i == 1 ? "1" : spread(p99, name, load ".none", "%.1f")
        }
    }
}

END {
    throughput("static", "Requests for a static file of 1 KiB")
    throughput("app", "The same file from an application behind it")
    stall("full", "Ungated requests while others log in: as many as it can take")
    stall("light", "Ungated requests while others log in: 16 clients at leisure")
}
