# Pages in a headless Chromium, at the widths of a phone and of a desk, light and dark; read with `. lib_browser.sh` after lib.sh.
browser=
for name in chromium chromium-browser google-chrome; do
    [ -n "$browser" ] || browser=$(command -v $name)
done
[ -n "$browser" ] || {
    echo "skipped: no Chromium is installed (Debian's package: chromium)"
    exit 77
}
"$browser" --version >version 2>&1 || {
    echo "skipped: $browser does not start: $(tail -n 1 version)"
    exit 77
}

# measure PAGE: fails where something of it is cut off, overlaps, is empty or cannot be read, or where the console says anything. The page
# stands unchanged in frames, which take their width and colour scheme from this document; browser windows are 500 pixels wide or more.
measure() {
    {
        printf '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><style>iframe{border:0;display:block;height:900px}'
        printf '.light{color-scheme:light}.dark{color-scheme:dark}</style>\n<script>'
        cat "$RUNNER_SOURCE_DIR/tests/e2e/page.js"
        printf '</script></head><body>\n'
        for scheme in light dark; do
            for width in 390 1440; do
                printf '<iframe class="%s" style="width:%dpx" srcdoc="' $scheme $width
                sed 's/&/\&amp;/g; s/"/\&quot;/g' "$1"
                printf '"></iframe>\n'
            done
        done
        printf '</body></html>\n'
    } >frames.html
    HOME=$PWD timeout 150 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$PWD/profile" \
        --window-size=1500,900 --enable-logging=stderr --dump-dom "file://$PWD/frames.html" >dom 2>console
    ! grep 'CONSOLE' console >&2 || fail "$1: the browser's console has messages"
    grep -q '^measured 4 frames' dom || {
        tail -n 20 console >&2
        fail "$1: the browser has not measured it"
    }
    pictures=$(sed -n 's/^measured 4 frames, \([0-9]*\) pictures.*/\1/p' dom)
    sed -n '/<body><pre>problems$/,/^measured/{//!p}' dom >problems
    [ ! -s problems ] || {
        head -n 80 problems >&2
        fail "$1: $(wc -l <problems) things are wrong in a browser"
    }
}

# whole_keys FOLDER: no entry of a picture's key is missing, as gnuplot leaves out those for which it finds no room
whole_keys() {
    for script in "$1"/plots/*.gp; do
        picture=${script%.gp}
        grep -o "title '[^']*'" "$script" | sed "s/title '//; s/'$//" >titles
        ! grep -q 'title columnheader' "$script" || sed -n 's/^label\t//p' "$picture.dat" | grep -v '^-$' >>titles
        sed 's/&/\&amp;/g; s/</\&lt;/g' titles | while IFS= read -r title; do
            grep -qF -- ">$title<" "$picture.svg" || fail "$picture.svg does not show $title"
        done || exit 1
    done
}

# measure_run FOLDER: its report, with all its pictures
measure_run() {
    whole_keys "$1"
    measure "$1/report.html"
    [ "$pictures" -gt 0 ] && [ "$pictures" = "$(ls "$1"/plots/*.gp | wc -l)" ] ||
        fail "$1: $pictures pictures are drawn, and there are the scripts $(ls "$1/plots")"
}
