#include "tests/unit/results/lab.h"

#include "runner/results/verdict.h"

#include <math.h>

static const char *const axes[] = {"train.batch_size"}, *const labels[] = {"10", "100"};

static void expect(struct text *out, const char *wanted) {
    assert_string_equal(out->data, wanted);
    text_reset(out);
}

static void comparisons_become_sentences(void **state) {
    (void)state;
    struct results results;
    lab_results(&results, axes, 1, labels, 2, 5);
    struct comparisons all = {.metric = "test_loss", .best = true, .chosen = "val_loss", .family = 2};
    struct comparison c = {.point = 1, .p_holm = 0.00301, .verdict = VERDICT_WORSE, .reason = "", .tie = 1, .loss = 4};
    c.t = (struct t_test){.n = 5, .mean = 0.012, .low = 0.005, .high = 0.019};
    all.count = 2;
    struct text out;
    text_init(&out);
    verdict_difference(&results, &all, &c, &out);
    expect(&out, "batch_size=100: test_loss higher by 0.0120, 95 % interval 0.0050 to 0.0190, "
                 "p = 0.0030, 5 seeds, 0 won, 1 tied, 4 lost");
    c.t = (struct t_test){.n = 5, .mean = -0.012, .low = -0.02, .high = -0.004};
    c.verdict = VERDICT_BETTER;
    c.win = 5;
    c.tie = c.loss = 0;
    c.p_holm = 1e-9;
    verdict_difference(&results, &all, &c, &out);
    expect(&out, "batch_size=100: test_loss lower by 0.0120, 95 % interval 0.0040 to 0.0200, "
                 "p < 0.0001, 5 seeds, 5 won, 0 tied, 0 lost");
    c.verdict = VERDICT_UNDECIDED;
    c.t.high = 0.004;
    c.t.p = 0.125;
    c.p_holm = 0.25;
    c.t.effect = -0.7; /* SciPy's nct: 22 pairs have a power of 0.8 at 5 % / 2 */
    verdict_difference(&results, &all, &c, &out);
    expect(&out,
           "batch_size=100: test_loss lower by 0.0120, 95 % interval "
           "-0.0040 to 0.0200, p = 0.250, 5 seeds, 5 won, 0 tied, 0 lost; about 22 seeds would show a difference such "
           "as this");
    all.reference = SIZE_MAX;
    verdict_difference(&results, &all, &c, &out);
    expect(&out, "batch_size=100 against batch_size=10: test_loss lower by 0.0120, 95 % interval -0.0040 to 0.0200, p "
                 "= 0.250, 5 "
                 "seeds, 5 won, 0 tied, 0 lost; about 22 seeds would show a difference such as this");
    all.reference = 0;
    c.t.high = -0.004; /* the interval leaves 0 out, the corrected test does not */
    c.t.p = 0.021;
    c.p_holm = 0.064;
    c.t.effect = -2.5; /* 5 pairs */
    verdict_difference(&results, &all, &c, &out);
    expect(&out, "batch_size=100: test_loss lower by 0.0120, 95 % interval "
                 "0.0040 to 0.0200, p = 0.064 (p = 0.021 without the correction), 5 seeds, 5 won, 0 tied, 0 lost");
    c.t = (struct t_test){.n = 4, .mean = 0, .low = -0.1, .high = 0.1, .p = 1};
    c.p_holm = 1;
    c.win = c.loss = 1;
    c.tie = 2;
    verdict_difference(&results, &all, &c, &out);
    expect(&out, "batch_size=100: test_loss equal in the mean, 95 % interval "
                 "-0.1000 to 0.1000, p = 1.000, 4 seeds, 1 won, 2 tied, 1 lost");
    c = (struct comparison){.point = 1, .reason = "trials diverged", .p_holm = (double)NAN, .loss = 5};
    c.verdict = VERDICT_WORSE;
    verdict_difference(&results, &all, &c, &out);
    expect(&out, "batch_size=100: trials diverged, 0 won, 0 tied, 5 lost");
    c = (struct comparison){.point = 1, .reason = "fewer than 3 seeds", .p_holm = (double)NAN};
    verdict_difference(&results, &all, &c, &out);
    expect(&out, "batch_size=100: fewer than 3 seeds");
    all.verdicts[VERDICT_REFERENCE] = all.verdicts[VERDICT_WORSE] = 1;
    verdict_overview(&results, &all, &out);
    expect(&out, "test_loss, against batch_size=10, the best by val_loss: 1 worse (p corrected over 2 tests)");
    all.chosen = all.metric;
    verdict_overview(&results, &all, &out);
    expect(&out,
           "test_loss, against batch_size=10, the best by test_loss itself, for want of validation rows: 1 worse (p "
           "corrected over 2 tests)");
    all.count = 1;
    verdict_overview(&results, &all, &out);
    expect(&out, "");
    text_clear(&out);
    results_clear(&results);
}

static void claims_become_sentences(void **state) {
    (void)state;
    struct text out;
    text_init(&out);
    struct claim_result claim = {
        .text = "a > b", .verdict = CLAIM_HOLDS, .n = 5, .estimate = 0.12, .low = 0.1, .high = 0.14, .reason = ""};
    verdict_claim(&claim, &out);
    expect(&out, "holds: left - right is 0.1200, 95 % interval 0.1000 to 0.1400, 5 seeds");
    claim.threshold = 1;
    claim.times = true;
    claim.verdict = CLAIM_FAILS;
    verdict_claim(&claim, &out);
    expect(&out,
           "fails: the ratio of the standard deviations is 0.1200, 95 % interval 0.1000 to 0.1400, 5 seeds (measured: "
           "not the same in every run)");
    claim = (struct claim_result){.reason = "fewer than 3 seeds", .n = 1, .estimate = 1, .low = (double)NAN};
    verdict_claim(&claim, &out);
    expect(&out, "undecided: fewer than 3 seeds; left - right is 1.0000, 1 seed");
    verdict_claim_figures(&claim, &out);
    expect(&out, "fewer than 3 seeds; left - right is 1.0000, 1 seed");
    claim = (struct claim_result){.reason = "no seed has a value on either side", .estimate = (double)NAN};
    verdict_claim(&claim, &out);
    expect(&out, "undecided: no seed has a value on either side");
    text_clear(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_become_sentences),
        cmocka_unit_test(claims_become_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
