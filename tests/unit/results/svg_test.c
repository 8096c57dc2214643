#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/results/svg.h"

#include <stdio.h>
#include <string.h>

#define HEAD                                                                                                           \
    "<?xml version=\"1.0\"?>\n<svg width=\"440\" height=\"300\" viewBox=\"0 0 440 300\" "                              \
    "xmlns=\"http://www.w3.org/2000/svg\">\n"

/* The element that becomes of a picture with this body. */
static void inline_body(const char *body, struct text *out) {
    char picture[2000];
    int n = snprintf(picture, sizeof picture, HEAD "%s</svg>\n", body);
    text_reset(out);
    assert_true(svg_inline(picture, (size_t)n, "axis", "a < b", out));
    static const char opening[] = "<svg viewBox=\"0 0 440 300\" role=\"img\" aria-label=\"a &lt; b\">";
    assert_memory_equal(out->data, opening, sizeof opening - 1);
    memmove(out->data, out->data + sizeof opening - 1, out->length - (sizeof opening - 1) + 1);
}

static void expect(const char *body, const char *wanted) {
    struct text out;
    text_init(&out);
    inline_body(body, &out);
    char whole[2000];
    snprintf(whole, sizeof whole, "%s</svg>", wanted);
    assert_string_equal(out.data, whole);
    text_clear(&out);
}

static void colours_are_those_of_the_page(void **state) {
    (void)state;
    expect("<path stroke='rgb(  0, 114, 178)' d='M0,0'/>", "<path stroke='var(--s0)' d='M0,0'/>");
    expect("<g fill=\"#222222\" stroke=\"black\">x</g>", "<g fill=\"var(--ink)\" stroke=\"var(--ink)\">x</g>");
    expect("<use color='#FFFFFF'/>", "<use color='var(--paper)'/>");
    expect("<rect fill = 'rgb(1, 2, 3)'/>", "<rect fill = '#010203'/>"); /* of a heat map: as it is */
    expect("<text fill='#12'>black #222222</text>", "<text fill='#12'>black #222222</text>");
}

static void ids_are_those_of_the_picture(void **state) {
    (void)state;
    expect("<defs><circle id='gpDot' r='0.5'/><path id=\"gpPt0\" d='M0'/></defs><use xlink:href='#gpPt0'/>",
           "<defs><circle id='axis-gpDot' r='0.5'/><path id=\"axis-gpPt0\" d='M0'/></defs><use "
           "xlink:href='#axis-gpPt0'/>");
    expect("<g id=\"gnuplot_plot_1\" class='a'><text>gpPt0</text></g>", "<g><text>gpPt0</text></g>");
}

static void what_a_page_has_no_use_for_is_left_out(void **state) {
    (void)state;
    expect("<title>Gnuplot</title><desc>x</desc><rect x=\"0\" y=\"0\" width=\"440\" fill=\"#ffffff\"/><text>1</text>",
           "<text>1</text>");
    expect("<g fill=\"none\">\n\t</g><text>1</text>", "<text>1</text>");
    expect("<defs><filter id='x'><feFlood/></filter></defs>", "<defs></defs>");
}

/* Labels are escaped by gnuplot and stay so; a ">" within quotes ends no tag. */
static void texts_stay(void **state) {
    (void)state;
    expect("<text a='>'>&lt;b&gt; &amp; x</text>", "<text a='>'>&lt;b&gt; &amp; x</text>");
    expect("", "");
}

static void what_is_no_whole_picture_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",           "<svg",  HEAD, "<svg></svg>", "<svg viewBox=\"0 0 x\"></svg>",
                                      "no picture", "</svg>"};
    struct text out;
    text_init(&out);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(svg_inline(bad[i], strlen(bad[i]), "axis", "", &out));
        assert_int_equal(out.length, 0);
    }
    text_clear(&out);
}

static void each_colour_has_a_light_and_a_dark_form(void **state) {
    (void)state;
    struct text light, dark;
    text_init(&light);
    text_init(&dark);
    svg_variables(false, &light);
    svg_variables(true, &dark);
    assert_non_null(strstr(light.data, "--paper:#ffffff;"));
    for (size_t i = 0; i < SVG_SERIES; i++) {
        char variable[32];
        snprintf(variable, sizeof variable, "--s%zu:#%06x;", i, svg_series[i]);
        assert_non_null(strstr(light.data, variable));
        assert_null(strstr(dark.data, variable));
        variable[5] = '\0';
        assert_non_null(strstr(dark.data, variable));
    }
    text_clear(&dark);
    text_clear(&light);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_are_those_of_the_page),
        cmocka_unit_test(ids_are_those_of_the_picture),
        cmocka_unit_test(what_a_page_has_no_use_for_is_left_out),
        cmocka_unit_test(texts_stay),
        cmocka_unit_test(what_is_no_whole_picture_is_refused),
        cmocka_unit_test(each_colour_has_a_light_and_a_dark_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
