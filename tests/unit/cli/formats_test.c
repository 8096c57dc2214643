#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/cli/formats.h"

static void make(struct sheet *sheet) {
    static const char *const cells[] = {"a_b",        "loss",    "[1, 2]", "1 \u00b1 2", "x|y\\ *z* <b>&_c_",
                                        "50 % $#{~^", "*[t](u)", ""};
    sheet_init(sheet, 2);
    sheet_right(sheet, 1);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        sheet_add(sheet, cells[i]);
}

/* By the rules of GitHub Flavored Markdown, 2.4 and 4.10. */
static void markdown_reads_no_marks_in_cells(void **state) {
    (void)state;
    struct sheet sheet;
    struct text out;
    text_init(&out);
    make(&sheet);
    sheet_write_markdown(&sheet, &out);
    assert_string_equal(out.data, "| a_b | loss |\n"
                                  "| --- | ---: |\n"
                                  "| [1, 2] | 1 \u00b1 2 |\n"
                                  "| x\\|y\\\\ \\*z\\* \\<b\\>\\&\\_c\\_ | 50 % $#{\\~^ |\n"
                                  "| \\*[t\\](u) |  |\n");
    sheet_clear(&sheet);
    text_clear(&out);
}

/* LaTeX's ten special characters; a row that begins with [ or * would be an argument of the end of the row before. */
static void latex_prints_what_stands_in_cells(void **state) {
    (void)state;
    struct sheet sheet;
    struct text out;
    text_init(&out);
    make(&sheet);
    sheet_write_latex(&sheet, &out);
    assert_string_equal(out.data, "\\begin{tabular}{lr}\n\\toprule\n"
                                  "a\\_b & loss \\\\\n\\midrule\n"
                                  "{[}1, 2] & 1 $\\pm$ 2 \\\\\n"
                                  "x\\textbar{}y\\textbackslash{} {*}z{*} \\textless{}b\\textgreater{}\\&\\_c\\_ & "
                                  "50 \\% \\$\\#\\{\\textasciitilde{}\\textasciicircum{} \\\\\n"
                                  "{*}{[}t](u) &  \\\\\n"
                                  "\\bottomrule\n\\end{tabular}\n");
    sheet_clear(&sheet);
    text_clear(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_reads_no_marks_in_cells),
        cmocka_unit_test(latex_prints_what_stands_in_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
