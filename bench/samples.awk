# Read before report.awk and picture.awk: takes the samples in, and makes medians
# and shares of them.  A sample is round, name, requests/s, p50, p99 (microseconds)
# and the percent of a core that the workers had.  Round 0 is the warm-up.
#
# The name is WORK.CANDIDATE.  Ungated requests stand before and after every other
# candidate or two: a share is one of the mean of these two neighbours.  Numbers
# are medians over the rounds, with the least and the largest.

BEGIN {
    FS = "\t"

    order = "ungated warm cold secure_link auth_unix auth_tcp lua_dict lua"

    says["ungated"]     = "ungated"
    says["warm"]        = "gated, warm cache"
    says["cold"]        = "gated, no cache"
    says["secure_link"] = "`secure_link`, nothing revocable"
    says["auth_unix"]   = "`auth_request`, unix socket"
    says["auth_tcp"]    = "`auth_request`, TCP"
    says["lua_dict"]    = "Lua, Redis once a second"
    says["lua"]         = "Lua, Redis each time"
    says["none"]        = "nothing"
    says["login"]       = "8 clients at `/mfa/login` (yescrypt)"
    says["basic"]       = "8 clients at `auth_basic` (bcrypt, cost 10)"
}

$1 > 0 {
    # Several of a name in one round: their mean.
    n = ++seen[$2, $1]
    rate[$2, $1] += ($3 - rate[$2, $1]) / n
    p50[$2, $1] += ($4 / 1000 - p50[$2, $1]) / n
    p99[$2, $1] += ($5 / 1000 - p99[$2, $1]) / n
    busy[$2, $1] += ($6 - busy[$2, $1]) / n
    cpu = $6 > 0 ? $3 / $6 : 0

    if ($1 > rounds[$2]) {
        rounds[$2] = $1
    }

    work = $2
    sub(/\..*/, "", work)

    if (work ~ /^(full|light|logins)$/) {
        next
    }

    if ($2 != work ".ungated") {
        waiting[++n_waiting] = $2
        waiting_rate[n_waiting] = $3
        waiting_cpu[n_waiting] = cpu

    } else {
        for (; n_waiting > 0; n_waiting--) {
            name = waiting[n_waiting]
            share[name, $1] = waiting_rate[n_waiting] * 2 / (before + $3)
            share_cpu[name, $1] = before_cpu + cpu > 0 \
                ? waiting_cpu[n_waiting] * 2 / (before_cpu + cpu) : 0
        }

        before = $3
        before_cpu = cpu
    }
}

# Sorts list[1..n].
function sort(list, n,    i, j, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]

        for (j = i - 1; j > 0 && list[j] > x; j--) {
            list[j + 1] = list[j]
        }

        list[j + 1] = x
    }
}

# The middle of of[name, *], or of that by of[base, *]; sets least and largest.
function median(of, name, base,    i, n, list) {
    n = rounds[name]

    for (i = 1; i <= n; i++) {
        list[i] = of[name, i] + 0

        if (base != "") {
            list[i] = of[base, i] > 0 ? list[i] / of[base, i] : 0
        }
    }

    sort(list, n)
    least = list[1]
    largest = list[n]

    return (list[int((n + 1) / 2)] + list[int(n / 2) + 1]) / 2
}
