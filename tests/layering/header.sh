#!/bin/sh
# runner/plugin.h compiles alone, as C11 and as C++11, without a warning of gcc or clang; it has fewer than 500 lines; and every
# function in it says by which threads it is called.
set -eu
header=$RUNNER_SOURCE_DIR/runner/plugin.h
mkdir -p include/runner
cp "$header" include/runner/
# A plugin that holds nothing but uses the macros, so that their expansion is looked at as well.
cat >use.c <<'END'
#include <runner/plugin.h>
struct config {
    double rate, number;
    int64_t integer;
    int32_t truth, choice;
    const char *text, *path;
    const runner_part *part;
    runner_parts parts;
};
static const char *const choices[] = {"one", "two", NULL};
static const runner_param params[] = {
    RUNNER_PARAM_BOOL(struct config, truth, "true", "doc"),
    RUNNER_PARAM_INT(struct config, integer, "1", 1, 2, "doc"),
    RUNNER_PARAM_FLOAT(struct config, number, "1", 0, 2, "doc"),
    RUNNER_PARAM_RATE(struct config, rate, "1", "doc"),
    RUNNER_PARAM_TEXT(struct config, text, "text", "doc"),
    RUNNER_PARAM_CHOICE(struct config, choice, "one", choices, "doc"),
    RUNNER_PARAM_PATH(struct config, path, "null", "doc"),
    RUNNER_PARAM_PART(struct config, part, RUNNER_LAYER, "null", "doc"),
    RUNNER_PARAM_PARTS(struct config, parts, RUNNER_LAYER, "doc"),
};
static double rate(const void *config, uint64_t update, uint64_t updates_per_epoch, uint64_t total_updates) {
    runner_view view = {NULL, 1, 2, 2, NULL, 0, 0}, part = runner_columns(&view, 1, 1);
    runner_shape shape = {1, {2}};
    (void)config, (void)updates_per_epoch, (void)total_updates;
    return (double)update + (double)part.column0 + (double)runner_elements(&shape);
}
static const runner_schedule_ops ops = {sizeof(runner_schedule_ops), 0, rate};
static const runner_component components[] = {
    {RUNNER_SCHEDULE, sizeof(struct config), "use", "doc", params, RUNNER_COUNT(params), 0, &ops},
};
RUNNER_PLUGIN(components, "1.0.0")
END
cp use.c use.cc
printf '#include <runner/plugin.h>\n' >alone.c
cp alone.c alone.cc
tried=0
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for file in alone use; do
        $compiler -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Werror -I include -c $file.c -o c.o
        tried=$((tried + 1))
    done
done
for compiler in g++ clang++; do
    command -v $compiler >/dev/null || continue
    for file in alone use; do
        for standard in c++11 c++20; do
            $compiler -std=$standard -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Werror -I include -c $file.cc -o cc.o
            tried=$((tried + 1))
        done
    done
done
[ $tried -gt 0 ] || { echo "skipped: none of gcc, clang, g++ and clang++ is there"; exit 77; }

lines=$(wc -l <"$header")
[ "$lines" -lt 500 ] || { echo "plugin.h has $lines lines; wanted fewer than 500"; exit 1; }

# Functions are pointers in tables, or declared; the comment before one has its tag, or it stands in a group whose first one has it.
awk '
    /\/\*/ && !/\*\/[^\/]*\/\*/ { if ($0 ~ /^[ \t]*\/\*/) comment = "" }
    { if ($0 ~ /\/\*|^[ \t]+[A-Za-z].*\*\/$/ || inside) comment = comment $0 }
    /\/\*/ { inside = 1 }
    /\*\// { inside = 0 }
    /^(typedef )?struct .*\{/ { comment = ""; tagged = 0 }
    /\(\*[a-z_]+\)\(/ && !/typedef/ {
        if (comment ~ /\[(any|main)\]/) tagged = 1
        if (!tagged) { print FILENAME ":" FNR ": no [main] or [any]: " $0; bad = 1 }
    }
    END { exit bad }
' "$header"
