/* Where the results come from: failures with their logs, the config, and what manifest.json says. */
#include "runner/base/file.h"
#include "runner/base/html.h"
#include "runner/base/words.h"
#include "runner/results/report_parts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOG_LIMIT ((size_t)1 << 20)
enum { LOG_LINES = 12, LOG_BYTES = 3000 };

/* ---- Trials that did not end well -------------------------------------------------------------------------------- */

/* The start of the last lines, by number and size. */
static const char *last_lines(const char *text, size_t n) {
    const char *at = text + n;
    if (at > text && at[-1] == '\n')
        at--;
    for (size_t lines = 0; at > text && (size_t)(text + n - at) < LOG_BYTES; at--)
        if (at[-1] == '\n' && ++lines == LOG_LINES)
            break;
    return at;
}

static void add_log(struct report *report, size_t trial, struct text *out) {
    unsigned char *bytes = NULL;
    size_t n = 0;
    const char *name = arena_printf(&report->arena, "logs/trial-%04zu.log", trial + 1);
    if (file_read(path_join(&report->arena, report->folder, name), LOG_LIMIT, &bytes, &n, NULL) == STATUS_OK && n > 0) {
        const char *text = (const char *)bytes, *from = last_lines(text, n);
        text_add(out, "<p class=\"small\">");
        html_printf(out, from > text ? "The end of %s" : "%s", name);
        text_add(out, "</p><pre tabindex=\"0\">");
        html_text_bytes(out, from, (size_t)(text + n - from));
        text_add(out, "</pre>");
    }
    free(bytes);
}

void report_troubles(struct report *report, struct text *out) {
    const struct results *results = report->results;
    size_t all = report->counts.failed + report->counts.timeout + report->counts.diverged, shown = 0;
    if (all == 0)
        return;
    text_add(out, "<section id=\"failures\">\n<h2>Trials that failed or diverged</h2>\n<ul class=\"answers\">\n");
    /* Failed ones first: they are what is to be mended. */
    for (int diverged = 0; diverged < 2; diverged++)
        for (size_t t = 0; t < results->n_trials && shown < REPORT_TROUBLES; t++) {
            const struct record *record = results->trials[t].record;
            if (record == NULL || record->status == TRIAL_DONE || (record->status == TRIAL_DIVERGED) != (diverged == 1))
                continue;
            struct text label;
            text_init(&label);
            results_trial_label(results, t, &label);
            text_printf(out, "<li><span class=\"verdict %s\">", diverged == 1 ? "open" : "no");
            html_text(out, trial_status_name(record->status));
            text_add(out, "</span><div>");
            html_printf(out, "trial %zu%s%s: ", t + 1, label.length > 0 ? ", " : "", label.data);
            html_text(out, record->reason[0] != '\0' ? record->reason : "no reason is known");
            if (record->attempts > 1)
                html_printf(out, " (%llu attempts)", (unsigned long long)record->attempts);
            add_log(report, t, out);
            text_add(out, "</div></li>\n");
            text_clear(&label);
            shown++;
        }
    text_add(out, "</ul>\n");
    if (shown < all) {
        text_add(out, "<p class=\"small\">");
        html_printf(out, "%zu of %zu are shown; trials.csv has all.", shown, all);
        text_add(out, "</p>\n");
    }
    text_add(out, "</section>\n");
}

/* ---- The config -------------------------------------------------------------------------------------------------- */

void report_config(struct report *report, struct text *out) {
    enum { MOST = 100000 };
    if (report->config == NULL)
        return;
    size_t n = strlen(report->config), shown = n < MOST ? n : MOST;
    text_add(out,
             "<section id=\"config\">\n<h2>What was asked</h2>\n<details><summary>The config as it was resolved, every "
             "default written out (config.yaml)</summary>\n<pre tabindex=\"0\">");
    html_text_bytes(out, report->config, shown);
    text_add(out, "</pre>\n");
    if (shown < n)
        html_element(out, "p class=\"small\"", "Only its beginning stands here.");
    text_add(out, "</details>\n</section>\n");
}

/* ---- Provenance -------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void add_fact(const char *name, const char *value, struct text *out) {
    if (value[0] == '\0')
        return;
    html_element(out, "dt", name);
    html_element(out, "dd", value);
    text_add(out, "\n");
}

/* As it would be typed: words with other than plain characters in single quotes. */
static void add_command(const json_t *command, struct text *out) {
    for (size_t i = 0; i < json_array_size(command); i++) {
        const char *word = json_string_value(json_array_get(command, i));
        if (word == NULL)
            continue;
        size_t plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=,:+@%-");
        text_add(out, i > 0 ? " " : "");
        text_add(out, word[plain] != '\0' || plain == 0 ? "'" : "");
        for (const char *c = word; *c != '\0'; c++)
            text_add(out, *c == '\'' ? "'\\''" : (const char[]){*c, '\0'});
        text_add(out, word[plain] != '\0' || plain == 0 ? "'" : "");
    }
}

static void add_run(struct report *report, struct text *out) {
    const json_t *manifest = report->manifest, *runner = json_object_get(manifest, "runner"),
                 *machine = json_object_get(manifest, "machine");
    struct text command;
    text_init(&command);
    add_command(json_object_get(manifest, "command"), &command);
    text_add(out, "<dl>\n");
    add_fact("command", command.data, out);
    add_fact("config", text_of(manifest, "config"), out);
    add_fact("started", text_of(manifest, "started"), out);
    add_fact("ended", text_of(manifest, "ended"), out);
    text_reset(&command);
    if (runner != NULL)
        text_printf(&command, "%s, %s, %s; version %lld of the engine\u2019s numbers", text_of(runner, "version"),
                    text_of(runner, "compiler"), text_of(runner, "build"),
                    (long long)json_integer_value(json_object_get(runner, "numerics")));
    add_fact("runner", command.data, out);
    text_reset(&command);
    if (machine != NULL)
        text_printf(&command, "%s, %lld processors, %s %s", text_of(machine, "cpu"),
                    (long long)json_integer_value(json_object_get(machine, "cpus")), text_of(machine, "system"),
                    text_of(machine, "architecture"));
    add_fact("machine", command.data, out);
    add_fact("matrix products", text_of(manifest, "blas"), out);
    text_reset(&command);
    text_printf(&command, "%lld workers, %lld threads each",
                (long long)json_integer_value(json_object_get(manifest, "workers")),
                (long long)json_integer_value(json_object_get(manifest, "threads")));
    add_fact("last run", command.data, out);
    text_add(out, "</dl>\n");
    text_clear(&command);
}

static void add_parts(struct report *report, struct text *out) {
    const json_t *item;
    size_t i;
    char bytes[WORDS_SIZE];
    report_table_open("Data sets and plugins", out);
    text_add(out, "<tr><th>part</th><th>version or size</th><th>hash (XXH3-128)</th></tr>\n");
    json_array_foreach(json_object_get(report->manifest, "datasets"), i, item) {
        text_add(out, "<tr><td>");
        html_printf(out, "data: %s", text_of(item, "name"));
        text_add(out, "</td>");
        const bool read = json_object_get(item, "reason") == NULL;
        const double size = (double)json_integer_value(json_object_get(item, "bytes"));
        html_element(out, "td", read ? words_bytes(size, bytes) : "not read");
        html_element(out, "td", read ? text_of(item, "xxh3_128") : "\u2013");
        text_add(out, "</tr>\n");
    }
    json_array_foreach(json_object_get(report->manifest, "plugins"), i, item) {
        text_add(out, "<tr><td>");
        html_printf(out, "%s %s", text_of(item, "kind"), text_of(item, "name"));
        text_add(out, "</td>");
        html_element(out, "td", text_of(item, "version"));
        html_element(out, "td", text_of(item, "xxh3_128"));
        text_add(out, "</tr>\n");
    }
    report_table_close(out);
}

static void add_files(struct report *report, struct text *out) {
    static const char *const files[] = {"config.yaml", "points.csv",         "trials.csv",   "epochs.csv",
                                        "summary.csv", "comparisons.csv",    "ranks.csv",    "claims.csv",
                                        "timing.csv",  "timing_summary.csv", "manifest.json"};
    struct stat facts;
    const char *separator = "";
    text_add(out, "<p>The tables beside this page: ");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (stat(path_join(&report->arena, report->folder, files[i]), &facts) < 0)
            continue;
        text_printf(out, "%s<a href=\"%s\">%s</a>", separator, files[i], files[i]);
        separator = ", ";
    }
    text_add(out, ". The pictures\u2019 scripts and data are in <code>plots/</code>; <code>gnuplot NAME.gp</code> "
                  "there draws one "
                  "again.</p>\n");
}

void report_provenance(struct report *report, bool links, struct text *out) {
    text_add(out, "<section id=\"provenance\">\n<h2>Provenance</h2>\n");
    if (report->manifest != NULL) {
        add_run(report, out);
        add_parts(report, out);
    } else {
        html_element(out, "p", "No manifest.json is there: it is written when a run ends.");
    }
    if (links)
        add_files(report, out);
    text_add(out, "</section>\n");
}
