/*
 * spirals: points of the plane on spirals that wind into each other, one a class; of two, the problem of Lang and Witbrock
 * (1988, Learning to Tell Two Spirals Apart).
 *
 * Example i is of class i modulo `classes`. It lies at radius r, uniform in [0, 1), and angle 2 pi (turns r + class / classes),
 * with normal noise on both coordinates. Sine and cosine are computed here, so that the bits are the same on every machine.
 */
#include <runner/plugin.h>

#include <math.h>

struct spirals_config {
    int64_t train, test, classes;
    double turns, noise;
};

static int spirals_open(const void *config, runner_call *call, uint64_t seed, runner_dataset *dataset) {
    (void)seed; /* keys the random numbers */
    const struct spirals_config *from = config;
    struct spirals_config *state = call->host->memory(call, sizeof *state);
    if (state == NULL)
        return RUNNER_FAILED;
    *state = *from;
    dataset->rows[RUNNER_TRAIN] = (uint64_t)from->train;
    dataset->rows[RUNNER_TEST] = (uint64_t)from->test;
    dataset->input = (runner_shape){1, {2}};
    dataset->element = RUNNER_F32;
    dataset->scale = 1;
    dataset->classes = (uint32_t)from->classes;
    dataset->state = state;
    return RUNNER_OK;
}

/* The first terms of the series of sine and cosine at x in [-pi / 4, pi / 4], whose rest is below 1e-16. */
static double sine_near_0(double x) {
    double sum = 0;
    for (int k = 17; k > 1; k -= 2)
        sum = (1 - sum) * x * x / (double)(k * (k - 1));
    return x * (1 - sum);
}

static double cosine_near_0(double x) {
    double sum = 0;
    for (int k = 18; k > 0; k -= 2)
        sum = (1 - sum) * x * x / (double)(k * (k - 1));
    return 1 - sum;
}

/* At 2 pi t: a quarter turn more exchanges sine and cosine. */
static void direction(double t, double *sine, double *cosine) {
    const double quarter = floor(4 * t + 0.5), rest = 1.5707963267948966 * (4 * t - quarter);
    const double s = sine_near_0(rest), c = cosine_near_0(rest);
    switch ((int64_t)quarter & 3) {
    case 0: *sine = s, *cosine = c; break;
    case 1: *sine = c, *cosine = -s; break;
    case 2: *sine = -s, *cosine = -c; break;
    default: *sine = -c, *cosine = s;
    }
}

static int spirals_read(const runner_dataset *dataset, runner_call *call, runner_split split, const uint64_t *examples,
                        uint64_t n, void *inputs, void *targets) {
    const struct spirals_config *spirals = dataset->state;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t row = examples[i] * 2 + (uint64_t)split, class = examples[i] % (uint64_t)spirals->classes;
        float *x = (float *)inputs + 2 * i, radius, noise[2];
        double sine, cosine;
        call->host->uniform(call, row, 1000, 1, &radius); /* far from the normal numbers of the row */
        call->host->normal(call, row, 0, 2, noise);
        direction(spirals->turns * (double)radius + (double)class / (double)spirals->classes, &sine, &cosine);
        x[0] = (float)((double)radius * cosine + spirals->noise * (double)noise[0]);
        x[1] = (float)((double)radius * sine + spirals->noise * (double)noise[1]);
        ((int32_t *)targets)[i] = (int32_t) class;
    }
    return RUNNER_OK;
}

static const runner_param spirals_params[] = {
    RUNNER_PARAM_INT(struct spirals_config, train, "1000", 1, 1e9, "number of training rows"),
    RUNNER_PARAM_INT(struct spirals_config, test, "1000", 0, 1e9, "number of test rows"),
    RUNNER_PARAM_INT(struct spirals_config, classes, "2", 2, 1000, "number of spirals"),
    RUNNER_PARAM_FLOAT(struct spirals_config, turns, "1.0", 0, 100, "turns of each spiral from the centre to radius 1"),
    RUNNER_PARAM_FLOAT(struct spirals_config, noise, "0.02", 0, 100,
                       "standard deviation of the noise on each coordinate"),
};

static const runner_dataset_ops spirals_ops = {.size = sizeof spirals_ops, .open = spirals_open, .read = spirals_read};

static const runner_component components[] = {
    {RUNNER_DATASET, sizeof(struct spirals_config), "spirals", "points on spirals that wind into each other",
     spirals_params, RUNNER_COUNT(spirals_params), 0, &spirals_ops},
};

RUNNER_PLUGIN(components, "1.0.0")
