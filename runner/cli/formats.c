#include "runner/cli/formats.h"

#include <ctype.h>
#include <string.h>

void markdown_text(const char *text, struct text *out) {
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool inner = i > 0 && isalnum((unsigned char)text[i - 1]) && isalnum((unsigned char)text[i + 1]);
        bool link = text[i] == ']' && (text[i + 1] == '(' || text[i + 1] == '[');
        if (strchr("\\`*<>|~&", text[i]) != NULL || (text[i] == '_' && !inner) || link)
            text_add_char(out, '\\');
        text_add_char(out, text[i]);
    }
}

void latex_text(const char *text, struct text *out) {
    static const struct {
        const char *from, *to;
    } marks[] = {{"\\", "\\textbackslash{}"},
                 {"~", "\\textasciitilde{}"},
                 {"^", "\\textasciicircum{}"},
                 {"<", "\\textless{}"},
                 {">", "\\textgreater{}"},
                 {"|", "\\textbar{}"},
                 {"\"", "\\symbol{34}"},
                 {"\u00b1", "$\\pm$"},
                 /* Behind the end of a row these two would be arguments of it. */
                 {"[", "{[}"},
                 {"*", "{*}"}};
    while (*text != '\0') {
        size_t i = 0, n = sizeof marks / sizeof marks[0];
        while (i < n && strncmp(text, marks[i].from, strlen(marks[i].from)) != 0)
            i++;
        if (i < n) {
            text_add(out, marks[i].to);
            text += strlen(marks[i].from);
            continue;
        }
        if (strchr("&%$#_{}", *text) != NULL)
            text_add_char(out, '\\');
        text_add_char(out, *text++);
    }
}

void sheet_write_markdown(const struct sheet *sheet, struct text *out) {
    size_t n = sheet->columns;
    const char *cell = sheet_first(sheet);
    for (size_t i = 0; i < sheet->count; i++, cell = sheet_next(cell)) {
        text_add(out, i % n == 0 ? "| " : " ");
        markdown_text(cell, out);
        text_add(out, " |");
        if (i % n != n - 1)
            continue;
        text_add_char(out, '\n');
        for (size_t c = 0; i + 1 == n && c < n; c++)
            text_printf(out, "%s%s", sheet->right[c] ? "| ---: " : "| --- ", c + 1 == n ? "|\n" : "");
    }
}

void sheet_write_latex(const struct sheet *sheet, struct text *out) {
    size_t n = sheet->columns;
    text_add(out, "\\begin{tabular}{");
    for (size_t c = 0; c < n; c++)
        text_add_char(out, sheet->right[c] ? 'r' : 'l');
    text_add(out, "}\n\\toprule\n");
    const char *cell = sheet_first(sheet);
    for (size_t i = 0; i < sheet->count; i++, cell = sheet_next(cell)) {
        latex_text(cell, out);
        text_add(out, i % n == n - 1 ? " \\\\\n" : " & ");
        if (i + 1 == n)
            text_add(out, "\\midrule\n");
    }
    text_add(out, "\\bottomrule\n\\end{tabular}\n");
}
