# Draws the shares of ungated requests with one worker, from what samples.awk has
# read: a bar for each candidate and kind of request, its range as a line over it.
# The picture brings its background along and knows light and dark.

# Where a share is: what is over the edge ends at it.
function x(part) {
    return left + width * (part > most ? most : part) / most
}

function text(at, y, class, anchor, said) {
    printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s" \
        "</text>\n", at, y, class, anchor, said
}

function line(x1, y1, x2, y2, class) {
    printf "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1,
        x2, y2
}

function bar(work, name, class, y,    middle) {
    middle = median(rate, work "." name, work ".ungated")

    printf "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" " \
        "height=\"%d\" rx=\"2\"/>\n", class, left, y, x(middle) - left, thick

    y += thick / 2
    line(x(least), y, x(largest), y, "range")
    line(x(least), y - 3, x(least), y + 3, "range")
    line(x(largest), y - 3, x(largest), y + 3, "range")
    text(left + width + 10, y + 4, "number", "start", sprintf("%.2f", middle))
}

function legend(at, class, said) {
    printf "<rect class=\"%s\" x=\"%d\" y=\"44\" width=\"12\" height=\"12\" " \
        "rx=\"2\"/>\n", class, at
    text(at + 18, 54, "label", "start", said)
}

END {
    n = split(order, names, " ")
    rows = 0

    # Behind the two of ungated ones, which are the line at 1.
    for (i = 3; i <= n; i++) {
        if (("static1." names[i], 1) in rate) {
            shown[++rows] = names[i]
        }
    }

    total = 720; left = 230; width = 430; top = 78; pitch = 42; thick = 14
    most = 1.1
    height = top + rows * pitch + 30

    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" " \
        "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" " \
        "aria-label=\"Share of ungated requests per second, by candidate\">\n",
        total, height, total, height
    print "<style>\n" \
        "text { font: 13px system-ui, sans-serif; fill: #1f2328 }\n" \
        ".title { font-weight: 600; font-size: 15px }\n" \
        ".number { font-variant-numeric: tabular-nums }\n" \
        ".ground { fill: #ffffff; stroke: #d1d9e0 }\n" \
        ".static { fill: #2f6fb3 } .app { fill: #c77d1e }\n" \
        ".scale { stroke: #d1d9e0 } .one { stroke: #1f2328 }\n" \
        ".range { stroke: #1f2328; stroke-width: 1.4; fill: none }\n" \
        "@media (prefers-color-scheme: dark) {\n" \
        "text { fill: #e6edf3 }\n" \
        ".ground { fill: #151b23; stroke: #3d444d }\n" \
        ".static { fill: #4b8fd8 } .app { fill: #d2903a }\n" \
        ".scale { stroke: #3d444d } .one { stroke: #e6edf3 }\n" \
        ".range { stroke: #e6edf3 }\n" \
        "}\n</style>"
    printf "<rect class=\"ground\" x=\".5\" y=\".5\" width=\"%d\" " \
        "height=\"%d\" rx=\"6\"/>\n", total - 1, height - 1

    text(20, 28, "title", "start",
         "Requests per second, share of the same requests ungated")
    legend(left, "static", "static file, 1 KiB")
    legend(left + 150, "app", "the same, proxied")

    for (mark = 0; mark <= 1; mark += 0.25) {
        line(x(mark), top - 6, x(mark), height - 26,
             mark == 1 ? "one" : "scale")
        text(x(mark), height - 10, "number", "middle", sprintf("%.2f", mark))
    }

    for (i = 1; i <= rows; i++) {
        name = says[shown[i]]
        gsub(/`/, "", name)
        y = top + (i - 1) * pitch
        text(left - 12, y + thick + 5, "label", "end", name)
        bar("static1", shown[i], "static", y)
        bar("app1", shown[i], "app", y + thick + 2)
    }

    text(total - 20, 54, "label", "end", "line: " says["range"])
    print "</svg>"
}
