# Read before report.awk and picture.awk: takes the samples in, and makes medians
# and shares of them.  A sample is round, name, requests/s, p50, p99 (microseconds)
# and the percent of a core that the workers had; turns add what a whole core would
# have done.  Round 0 is the warm-up.
#
# The name is WORK.CANDIDATE.  Samples of turns (turns.sh) have "-" for p50 and p99,
# and rounds of their own; requests for static files and to the application are
# counted in turns, and what else there is of them is their latency.  Numbers are
# medians over the rounds, with the middle half of them where there are 20 or more,
# else with the least and the largest.

BEGIN {
    FS = "\t"

    order = "ungated again warm cold secure_link auth_unix auth_tcp lua_dict lua"

    says["ungated"]     = "ungated"
    says["again"]       = "ungated, once more"
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

# Latency, and what is not measured in turns.
$1 > 0 && $4 != "-" {
    p50[$2, $1] = $4 / 1000
    p99[$2, $1] = $5 / 1000

    if ($1 > timed[$2]) {
        timed[$2] = $1
    }
}

$1 > 0 && ($4 == "-" || $2 !~ /^(static|app)/) {
    rate[$2, $1] = $3
    busy[$2, $1] = $6
    computed[$2, $1] = $7

    if ($1 > rounds[$2]) {
        rounds[$2] = $1
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

# The middle of of[name, *], or of that by of[base, *]; sets least and largest, and
# says["range"] to what they are.
function median(of, name, base, n,    i, list, out) {
    n = n ? n : rounds[name]

    for (i = 1; i <= n; i++) {
        list[i] = of[name, i] + 0

        if (base != "") {
            list[i] = of[base, i] > 0 ? list[i] / of[base, i] : 0
        }
    }

    sort(list, n)
    out = n < 20 ? 0 : int(n / 4)
    says["range"] = n < 20 ? "least to largest" : "middle half"
    least = list[1 + out]
    largest = list[n - out]

    return (list[int((n + 1) / 2)] + list[int(n / 2) + 1]) / 2
}
