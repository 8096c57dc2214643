#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/base/html.h"

#include <string.h>

static void expect(struct text *out, const char *wanted) {
    assert_string_equal(out->data, wanted);
    text_reset(out);
}

static void nothing_of_a_text_is_markup(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    html_text(&out, "<script>alert(\"1\")</script> & 'x' &amp;");
    expect(&out, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; &amp;amp;");
    html_text(&out, "a\tb\nc \u00d7 \U0001f600");
    expect(&out, "a\tb\nc \u00d7 \U0001f600");
    html_text(&out, "");
    assert_int_equal(out.length, 0);
    text_clear(&out);
}

/* HTML allows neither control characters nor non-characters, and readers see where something was. */
static void what_is_no_character_is_replaced(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    html_text_bytes(&out, "a\0b\x1b\x7f\xc2\x85", 7);
    expect(&out, "a\ufffdb\ufffd\ufffd\ufffd");
    html_text(&out, "\xff<\xc3"); /* no UTF-8; cut off in the middle of a character */
    expect(&out, "\ufffd&lt;\ufffd");
    html_text(&out, "\xed\xa0\x80|\xc0\xbc|\xef\xbf\xbf"); /* a surrogate, an overlong "<", U+FFFF */
    assert_null(strchr(out.data, '<'));
    assert_non_null(strstr(out.data, "|"));
    text_clear(&out);
}

static void elements_end_with_their_name(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    html_element(&out, "td class=\"n\"", "1 < 2");
    expect(&out, "<td class=\"n\">1 &lt; 2</td>");
    html_element(&out, "p", "");
    expect(&out, "<p></p>");
    html_printf(&out, "%s is %d %%", "<b>", 5);
    expect(&out, "&lt;b&gt; is 5 %");
    text_clear(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_text_is_markup),
        cmocka_unit_test(what_is_no_character_is_replaced),
        cmocka_unit_test(elements_end_with_their_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
