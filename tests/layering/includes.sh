#!/bin/sh
# A folder of runner/ includes only from folders below it (DESIGN 3), a plugin only <runner/plugin.h>, the C library, <immintrin.h> and headers of its own beside it, NAME_*.h.
set -eu
cd "$RUNNER_SOURCE_DIR"

find runner plugins tests/unit -name '*.[ch]' -type f 2>/dev/null | sort | while read -r file; do
    sed -n 's/^[ \t]*#[ \t]*include[ \t]*\([<"][^>"]*[>"]\).*/\1/p' "$file" | sed "s|^|$file |"
done | awk '
    BEGIN {
        split("base host conformance config train results schedule cli", folders)
        for (i in folders) level[folders[i]] = i
        split("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg " \
              "stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype", names)
        for (i in names) standard["<" names[i] ".h>"] = 1
    }
    function mistake(text) { print $1 ": includes " $2 ": " text; bad = 1 }
    function place(path, parts) { # the level of a file or of an include; files in runner/ itself are above all folders
        if (path == "runner/plugin.h") return 0
        if (split(path, parts, "/") == 2) return 9
        return level[parts[2]]
    }
    $1 ~ /plugins\// {
        own = $1 # of csv.c and csv_cells.h: "csv_cells.h" and the like
        sub(/.*\//, "", own)
        sub(/[_.].*/, "", own)
        if ($2 != "<runner/plugin.h>" && $2 != "<immintrin.h>" && !($2 in standard) && index($2, "\"" own "_") != 1) mistake("a plugin may include <runner/plugin.h>, the C library and its own NAME_*.h only")
        next
    }
    {
        from = $1
        sub(/^tests\/unit\//, "runner/", from)
        name = substr($2, 2, length($2) - 2)
        if (name ~ /^tests\// && from != $1) next # a helper of the tests
        if (name ~ /^tests\//) mistake("the program includes nothing of its tests")
        if ($2 ~ /^"/ && name !~ /^(runner|tests)\//) mistake("write it from the root, as \"runner/FOLDER/NAME.h\"")
        if ($2 ~ /^</ && name ~ /^runner\//) mistake("write it in quotes")
        if (name ~ /^runner\// && place(name) > place(from)) mistake("that folder is above this one")
        if (name == "cblas.h" && from !~ /^runner\/host\/(blas|products)[a-z_]*\.c$/) mistake("only blas.c and products.c of runner/host call BLAS")
        if (name == "dlfcn.h" && from !~ /^runner\/host\/loader[a-z_]*\.c$/) mistake("only runner/host/loader.c opens shared objects")
    }
    END { exit bad }
'
