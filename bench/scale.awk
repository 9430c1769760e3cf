# Read by scale.sh and console.sh: what was measured, round by round, and counted
# (round, what, number, microseconds; "count", what, number, how many).  Given:
# numbers, of which the first is what the others are compared with; rounds.

BEGIN {
    FS = "\t"
    split(numbers, number, " ")
}

# The median of list[1..rounds], with the least and the largest.
function spread(format,    i, j, x) {
    for (i = 2; i <= rounds; i++) {
        x = list[i]
        for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
        list[j + 1] = x
    }

    x = (list[int((rounds + 1) / 2)] + list[int(rounds / 2) + 1]) / 2

    return sprintf(format " (" format "–" format ")", x, list[1], list[rounds])
}

function time(what, n,    i) {
    for (i = 1; i <= rounds; i++) list[i] = p50[i, what, n]

    return spread("%d")
}

function share(what, n,    i) {
    for (i = 1; i <= rounds; i++) {
        list[i] = p50[i, what, n] / p50[i, what, number[1]]
    }

    return spread("%.2f")
}

$1 == "count" {
    count[$2, $3] = $4
    next
}

{ p50[$1, $2, $3] = $4 }
