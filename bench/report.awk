# Makes the tables from what samples.awk has read.

function middle(of, name, format, n) {
    return sprintf(format, median(of, name, "", n))
}

function spread(of, name, base, format, n,    m) {
    m = median(of, name, base, n)

    return sprintf(format " (" format "–" format ")", m, least, largest)
}

function throughput(work, title,    i, n, name, names, base) {
    base = work ".ungated"

    if (!((base, 1) in rate)) {
        return
    }

    printf "\n## %s\n\n", title
    print "| | requests/s | share of ungated | the same by CPU time " \
        "| p99, ms | workers |"
    print "|---|---|---|---|---|---|"

    n = split(order, names, " ")

    for (i = 1; i <= n; i++) {
        name = work "." names[i]

        if ((name, 1) in rate) {
            printf "| %s | %s | %s | %s | %s | %s %% |\n", says[names[i]],
                spread(rate, name, "", "%d"),
                i == 1 ? "1" : spread(rate, name, base, "%.2f"),
                i == 1 ? "1" : spread(computed, name, base, "%.2f"),
                middle(p99, name, "%.1f", timed[name]),
                middle(busy, name, "%d")
        }
    }
}

function stall(load, title,    i, n, name, names) {
    if (!((load ".none", 1) in rate)) {
        return
    }

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
    throughput("static1", "A static file of 1 KiB, one worker")
    throughput("app1", "The same file from an application behind it, one worker")
    throughput("static2", "A static file of 1 KiB, two workers")
    throughput("app2", "The same file from an application behind it, two workers")
    stall("full", "Ungated requests while others log in: as many as it can take")
    stall("light", "Ungated requests while others log in: 16 clients at leisure")
}
