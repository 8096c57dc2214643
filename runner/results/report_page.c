/* The frame of a page: its style, figures and tables. */
#include "runner/base/html.h"
#include "runner/results/report_parts.h"
#include "runner/results/svg.h"

#include "runner/base/words.h"

#include <math.h>
#include <string.h>

static const char style[] =
    "*{box-sizing:border-box}\n"
    "html{color-scheme:light dark;-webkit-text-size-adjust:100%}\n"
    "body{margin:0 auto;max-width:86rem;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",\"Liberation Sans\",Arial,sans-serif;overflow-wrap:anywhere}\n"
    "h1,h2,h3{line-height:1.25;font-weight:600;margin:0}\n"
    "h1{font-size:1.9rem}\nh2{font-size:1.3rem;margin:2.75rem 0 .75rem;padding-top:.6rem;border-top:1px solid "
    "var(--line)}\n"
    "h3{font-size:1rem;margin:1.5rem 0 .4rem}\n"
    "p{margin:.4rem 0;max-width:46rem}\n"
    "a{color:var(--link)}\n"
    ".lead{font-size:1.1rem}\n.facts,figcaption,.small{color:var(--quiet);font-size:.875rem}\n"
    ".note{border-left:3px solid var(--s4);padding-left:.75rem}\n"
    "ul.answers{list-style:none;margin:0;padding:0;max-width:54rem}\n"
    "ul.answers li{display:grid;grid-template-columns:8rem minmax(0,1fr);gap:.75rem;padding:.5rem 0;"
    "border-bottom:1px solid var(--line)}\n"
    ".verdict{font-weight:600;font-size:.875rem;line-height:1.7}\n"
    ".yes{color:var(--good)}.no{color:var(--bad)}.open{color:var(--quiet)}\n"
    "code,pre{font:.875em/1.45 ui-monospace,\"DejaVu Sans Mono\",\"Liberation Mono\",monospace}\n"
    "pre{margin:.5rem 0;padding:.75rem;background:var(--panel);border-radius:4px;overflow-x:auto;max-height:28rem;"
    "overflow-wrap:normal}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr));gap:2rem 2.5rem;"
    "align-items:start}\n"
    "figure{margin:0;min-width:0}\nfigure h3{margin:0 0 .25rem}\n"
    "figure svg{display:block;width:100%;max-width:34rem;height:auto}\n"
    "figcaption{margin-top:.35rem;line-height:1.4}\n"
    ".scroll{overflow-x:auto;margin:.5rem 0 1rem}\n"
    "table{border-collapse:collapse;font-size:.875rem;line-height:1.35;font-variant-numeric:tabular-nums;"
    "overflow-wrap:normal}\n"
    "th,td{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);"
    "white-space:nowrap}\n"
    "th{font-weight:600;white-space:normal;border-bottom-color:var(--quiet);vertical-align:bottom}\n"
    "sup{line-height:0;font-size:.75em}\n"
    "td.n,th.n{text-align:right}\ntd.wide{white-space:normal;min-width:14rem;max-width:24rem;overflow-wrap:anywhere}\n"
    "td.notes{white-space:normal}tr.reference td{background:var(--panel)}\n"
    "dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1rem;margin:.5rem "
    "0;font-size:.875rem}\n"
    "dt{color:var(--quiet)}dd{margin:0}\n"
    "details summary{cursor:pointer}\n"
    "@media(max-width:40rem){body{padding:1rem 1rem 3rem}h1{font-size:1.5rem}"
    "ul.answers li{grid-template-columns:minmax(0,1fr);gap:0}dl{grid-template-columns:minmax(0,1fr);gap:0}"
    "dd{margin-bottom:.4rem}}\n"
    "@media print{body{max-width:none}figure,tr{break-inside:avoid}}\n";

enum { LABEL_LINE = 32 }; /* characters */

void report_page_open(const char *title, struct text *out) {
    text_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"generator\" content=\"runner\">\n"
                  /* Whatever a label may hold: the page loads and runs nothing. */
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                  "'unsafe-inline'; img-src data:\">\n"
                  "<link rel=\"icon\" href=\"data:,\">\n");
    html_element(out, "title", title);
    text_add(out, "\n<style>\n:root{");
    svg_variables(false, out);
    text_add(out, "--panel:#f4f4f2;--line:#e2e2df;--quiet:#5c5c5c;--link:#005a96;--good:#00704f;--bad:#ad4400}\n"
                  "@media(prefers-color-scheme:dark){:root{");
    svg_variables(true, out);
    text_add(out, "--panel:#222427;--line:#34373b;--quiet:#a6a9ad;--link:#7cc0f2;--good:#3ccf9f;"
                  "--bad:#f28b4b}}\n");
    text_add(out, style);
    text_add(out, "</style>\n</head>\n<body>\n");
}

void report_page_close(struct text *out) {
    text_add(out, "</body>\n</html>\n");
}

void report_table_open(const char *label, struct text *out) {
    text_add(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    html_text(out, label);
    text_add(out, "\"><table>\n");
}

void report_table_close(struct text *out) {
    text_add(out, "</table></div>\n");
}

void report_label_cell(const char *label, bool right, struct text *out) {
    bool wide = plot_label_width(label, LABEL_LINE + 1) > LABEL_LINE;
    html_element(out, wide ? "td class=\"wide\"" : right ? "td class=\"n\"" : "td", label);
}

void report_head_cell(const char *name, bool right, struct text *out) {
    text_add(out, right ? "<th class=\"n\">" : "<th>");
    for (size_t n; *name != '\0'; name += n) {
        n = strcspn(name, "_.");
        n += name[n] != '\0' ? 1 : 0;
        html_text_bytes(out, name, n);
        text_add(out, name[n] != '\0' ? "<wbr>" : "");
    }
    text_add(out, "</th>");
}

void report_number(double number, struct text *out) {
    char text[WORDS_SIZE];
    html_element(out, "td class=\"n\"", isnan(number) ? "" : words_number(number, text));
}

void report_figure(struct report *report, const struct plot *plot, const char *heading, const char *caption) {
    report->figures[report->n_figures++] = (struct figure){plot, heading, caption};
}

void report_figures(struct report *report, struct text *out) {
    text_add(out, "<section id=\"pictures\">\n<h2>Pictures</h2>\n");
    size_t drawn = 0;
    struct text svg;
    text_init(&svg);
    for (size_t i = 0; i < report->n_figures; i++) {
        const struct figure *figure = &report->figures[i];
        text_reset(&svg);
        if (figure->plot->svg.length == 0 ||
            !svg_inline(figure->plot->svg.data, figure->plot->svg.length, figure->plot->name, figure->heading, &svg))
            continue;
        text_add(out, drawn == 0 ? "<div class=\"figures\">\n<figure>" : "<figure>");
        html_element(out, "h3", figure->heading);
        text_add(out, "\n");
        text_add_bytes(out, svg.data, svg.length);
        text_add(out, "\n");
        html_element(out, "figcaption", figure->caption);
        text_add(out, "</figure>\n");
        drawn++;
    }
    if (drawn > 0)
        text_add(out, "</div>\n");
    if (report->missing.length > 0) {
        text_add(out, "<p class=\"note\">");
        html_printf(out, "%s are missing: %s. ", drawn > 0 ? "Some pictures" : "The pictures", report->missing.data);
        text_add(
            out,
            "<code>runner report</code> draws them, with gnuplot (Debian and Ubuntu: the package <code>" PLOT_PACKAGE
            "</code>).</p>\n");
    } else if (drawn == 0) {
        html_element(out, "p",
                     report->n_columns == 0 ? "There is nothing to draw: no trial has a metric."
                                            : "There is nothing to draw yet.");
    }
    text_add(out, "</section>\n");
    text_clear(&svg);
}
