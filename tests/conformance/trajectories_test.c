/*
 * Trajectories of the optimizers: the weights after six updates, from keras.optimizers (keras 3.15.1, KERAS_BACKEND=torch)
 * and torch.optim (torch 2.13.0), both in float32 on the CPU, and, where neither has a form, from a few lines of numpy in
 * float64 that follow the paper. With w = keras.Variable(start), for t in 1..6: opt.apply([gradient(t)], [w]); rates that
 * shrink are rate / t, set before each update. start() and gradient() are as below, in the shape of the case.
 */
#include "tests/conformance/harness.h"

enum { UPDATES = 6, MAX_VALUES = 12, MAX_SETTINGS = 6 };
enum fall { CONSTANT, SHRINKING };

struct setting {
    const char *param;
    double value;
};

struct trajectory {
    const char *name, *source;
    double rate;
    enum fall fall;
    uint32_t rank, size[3];
    struct setting settings[MAX_SETTINGS];
    float wanted[MAX_VALUES];
};

/* clang-format off */
static const struct trajectory trajectories[] = {
    {"adam", "torch.Adam(eps=1e-2)", 0.1, CONSTANT, 2, {2, 3}, {{"epsilon", 0.01}, {"epsilon_corrected", 1}},
     {-1.14621747f, 0.728872001f, -0.123054966f, -0.612668037f, 0.812086284f, 0.217224821f}},
    {"adam", "torch.Adam(betas=(0.8,0.9), eps=0.1, amsgrad=True)", 0.1, CONSTANT, 2, {2, 3}, {{"beta_1", 0.8}, {"beta_2", 0.9}, {"epsilon", 0.1}, {"amsgrad", 1}, {"epsilon_corrected", 1}},
     {-1.04188251f, 0.666059792f, -0.0808701813f, -0.620833218f, 0.777853429f, 0.230816126f}},
    {"adamw", "keras.AdamW()", 0.001, CONSTANT, 1, {6}, {{NULL, 0}},
     {-0.75415355f, 0.502333343f, -0.00126048864f, -0.501030385f, 0.750614762f, 0.249652326f}},
    {"adamw", "keras.AdamW(0.1, weight_decay=0.5, beta_1=0.8, beta_2=0.9, epsilon=1e-3)", 0.1, CONSTANT, 2, {2, 3}, {{"weight_decay", 0.5}, {"beta_1", 0.8}, {"beta_2", 0.9}, {"epsilon", 0.001}},
     {-0.905646026f, 0.534583747f, -0.0717508495f, -0.471824735f, 0.559714019f, 0.169581428f}},
    {"adamw", "keras.AdamW(0.1, weight_decay=0.1, amsgrad=True)", 0.1, CONSTANT, 2, {2, 3}, {{"weight_decay", 0.1}, {"amsgrad", 1}},
     {-1.1116091f, 0.696312726f, -0.119593687f, -0.575141191f, 0.763425112f, 0.204378858f}},
    {"adamw", "torch.AdamW(eps=1e-3, weight_decay=0.2)", 0.1, CONSTANT, 2, {2, 3}, {{"weight_decay", 0.2}, {"epsilon", 0.001}, {"epsilon_corrected", 1}},
     {-1.05645883f, 0.659258068f, -0.113090828f, -0.548289478f, 0.715899944f, 0.193603709f}},
    {"rmsprop", "keras.RMSprop()", 0.001, CONSTANT, 1, {6}, {{NULL, 0}},
     {-0.758957267f, 0.501984119f, 0.000206310535f, -0.500878811f, 0.749275863f, 0.248180509f}},
    {"rmsprop", "keras.RMSprop(0.1, rho=0.7, momentum=0.6, epsilon=0.01)", 0.1, CONSTANT, 2, {2, 3}, {{"rho", 0.7}, {"momentum", 0.6}, {"epsilon", 0.01}},
     {-1.54851472f, 0.793964803f, -0.0876157433f, -0.81227082f, 0.655220866f, 0.173458159f}},
    {"rmsprop", "keras.RMSprop(0.01, centered=True, epsilon=0.01)", 0.01, CONSTANT, 2, {2, 3}, {{"centered", 1}, {"epsilon", 0.01}},
     {-0.813809931f, 0.517194688f, 0.00426495913f, -0.531693161f, 0.741708934f, 0.238355294f}},
    {"rmsprop", "keras.RMSprop(0.05, centered=True, momentum=0.9, epsilon=0.1)", 0.05, SHRINKING, 2, {2, 3}, {{"centered", 1}, {"momentum", 0.9}, {"epsilon", 0.1}},
     {-1.02131355f, 0.794271827f, -0.218436077f, -0.61474514f, 0.988851905f, 0.155755982f}},
    {"rmsprop", "torch.RMSprop(alpha=0.8, eps=0.1, momentum=0.9, centered=True)", 0.05, SHRINKING, 2, {2, 3}, {{"rho", 0.8}, {"epsilon", 0.1}, {"momentum", 0.9}, {"centered", 1}, {"epsilon_inside_root", 0}, {"rate_in_momentum", 0}},
     {-0.953860283f, 0.664287627f, -0.114663549f, -0.556948483f, 0.845216334f, 0.186074376f}},
    {"nadam", "keras.Nadam()", 0.001, CONSTANT, 1, {6}, {{NULL, 0}},
     {-0.753401697f, 0.500881195f, -2.33699684e-05f, -0.500517964f, 0.749759793f, 0.249393776f}},
    {"nadam", "keras.Nadam(0.1, beta_1=0.8, beta_2=0.9, epsilon=0.01)", 0.1, CONSTANT, 2, {2, 3}, {{"beta_1", 0.8}, {"beta_2", 0.9}, {"epsilon", 0.01}},
     {-1.10979676f, 0.589515984f, 0.0067923665f, -0.57983166f, 0.709696054f, 0.191693336f}},
    {"nadam", "torch.NAdam(betas=(0.9,0.99), eps=1e-3, momentum_decay=0.004)", 0.1, SHRINKING, 2, {2, 3}, {{"beta_2", 0.99}, {"epsilon", 0.001}, {"momentum_decay", 0.004}},
     {-0.934687912f, 0.600559175f, -0.0723531544f, -0.457075953f, 0.814948857f, 0.178975791f}},
    {"adagrad", "keras.Adagrad()", 0.001, CONSTANT, 1, {6}, {{NULL, 0}},
     {-0.751829803f, 0.500515282f, 0.000106220075f, -0.50091821f, 0.74977088f, 0.249668673f}},
    {"adagrad", "keras.Adagrad(0.1, initial_accumulator_value=0.02, epsilon=0.05)", 0.1, CONSTANT, 2, {2, 3}, {{"initial_accumulator_value", 0.02}, {"epsilon", 0.05}},
     {-0.940071642f, 0.555140018f, 0.00826010108f, -0.591710031f, 0.728467226f, 0.213064164f}},
    {"adagrad", "torch.Adagrad(eps=0.01)", 0.1, CONSTANT, 2, {2, 3}, {{"initial_accumulator_value", 0}, {"epsilon", 0.01}, {"epsilon_inside_root", 0}},
     {-1.01029038f, 0.564857066f, 0.000731997192f, -0.536309063f, 0.732501805f, 0.197914317f}},
    {"lion", "keras.Lion()", 0.001, CONSTANT, 1, {6}, {{NULL, 0}},
     {-0.753999949f, 0.501999974f, 0.0f, -0.5f, 0.75f, 0.247999996f}},
    {"lion", "keras.Lion(0.1, beta_1=0.5, beta_2=0.7)", 0.1, SHRINKING, 2, {2, 3}, {{"beta_1", 0.5}, {"beta_2", 0.7}},
     {-0.995000005f, 0.571666718f, -0.0616666675f, -0.438333362f, 0.805000067f, 0.195000008f}},
    {"lamb", "keras.Lamb()", 0.001, CONSTANT, 1, {6}, {{NULL, 0}},
     {-0.754807055f, 0.502081335f, -0.00079514255f, -0.502107382f, 0.749633133f, 0.250315905f}},
    {"lamb", "keras.Lamb(0.1, beta_1=0.8, beta_2=0.9, epsilon=0.01)", 0.1, SHRINKING, 2, {3, 2}, {{"beta_1", 0.8}, {"beta_2", 0.9}, {"epsilon", 0.01}},
     {-0.925085902f, 0.604047656f, -0.063801527f, -0.533824563f, 0.789239526f, 0.226499975f}},
    {"adafactor", "keras.Adafactor()", 0.001, CONSTANT, 1, {6}, {{NULL, 0}},
     {-0.752093494f, 0.500116169f, 0.000476119865f, -0.500492454f, 0.749419332f, 0.249603182f}},
    {"adafactor", "keras.Adafactor()", 0.001, CONSTANT, 2, {3, 2}, {{NULL, 0}},
     {-0.751748443f, 0.500556052f, 0.00030768491f, -0.500877261f, 0.749290824f, 0.249792561f}},
    {"adafactor", "keras.Adafactor(0.9, beta_2_decay=-0.5, epsilon_1=0.01, epsilon_2=0.9, clip_threshold=0.5)", 0.9, CONSTANT, 2, {2, 3}, {{"beta_2_decay", -0.5}, {"epsilon_1", 0.01}, {"epsilon_2", 0.9}, {"clip_threshold", 0.5}},
     {-1.78882122f, 0.701999366f, -0.228393421f, -0.652841687f, 0.643172264f, 0.100870967f}},
    {"adafactor", "keras.Adafactor(0.9, relative_step=False, clip_threshold=2)", 0.9, CONSTANT, 1, {6}, {{"relative_step", 0}, {"clip_threshold", 2}},
     {-2.71416068f, 0.535261631f, 0.332744956f, -0.939955354f, -0.0940253735f, 0.0485909581f}},
    {"adafactor", "keras.Adafactor(0.1)", 0.1, CONSTANT, 2, {1, 6}, {{NULL, 0}},
     {-0.965069771f, 0.506434917f, 0.0486492328f, -0.549874723f, 0.678909779f, 0.210175216f}},
    {"adafactor", "keras.Adafactor(0.1)", 0.1, CONSTANT, 2, {6, 1}, {{NULL, 0}},
     {-0.965069771f, 0.506434917f, 0.0486492366f, -0.549874723f, 0.678909838f, 0.210175216f}},
    {"adafactor", "keras.Adafactor(0.1)", 0.1, CONSTANT, 3, {3, 1, 2}, {{NULL, 0}},
     {-0.965069771f, 0.506434917f, 0.0486492328f, -0.549874723f, 0.678909779f, 0.210175216f}},
    {"adafactor", "keras.Adafactor(0.1)", 0.1, CONSTANT, 3, {2, 2, 3}, {{NULL, 0}},
     {-0.982604265f, 0.50233233f, 0.0332245007f, -0.542292356f, 0.686479449f, 0.220943958f, -0.25537014f, -0.85660392f, 0.346568793f, 0.126620024f, -0.517501831f, 0.557466269f}},
    {"adafactor", "torch.Adafactor(eps=(0.3, 0.9))", 0.1, CONSTANT, 2, {3, 2}, {{"epsilon_1", 0.3}, {"epsilon_2", 0.9}, {"epsilon_1_is_floor", 1}},
     {-1.05510521f, 0.55456233f, 0.054115396f, -0.654149115f, 0.641012728f, 0.194157809f}},
    {"adafactor", "torch.Adafactor(eps=(0.3, 0.001))", 0.1, CONSTANT, 1, {6}, {{"epsilon_1", 0.3}, {"epsilon_1_is_floor", 1}},
     {-0.921821237f, 0.506793737f, 0.0477878749f, -0.591030836f, 0.679758608f, 0.210144818f}},
    {"lamb", "numpy, float64: the paper, lambda 0.3", 0.1, CONSTANT, 2, {3, 2}, {{"beta_2", 0.99}, {"epsilon", 0.01}, {"coupled_weight_decay", 0.3}},
     {-1.10632321f, 0.592637508f, -0.0613679812f, -0.649030708f, 0.477433738f, 0.238317973f}},
    {"adafactor", "numpy, float64: the paper, rate 0.9", 0.9, CONSTANT, 2, {3, 2}, {{"cap_rate", 0}},
     {-4.11726043f, -0.397722646f, 1.57697305f, -1.85025685f, -2.13433703f, -0.669998479f}},
    {"muon", "keras.Muon(0.1 * sqrt(3 / 2), rms_rate=None, weight_decay=0)", 0.1, CONSTANT, 2, {3, 2}, {{"adjust_lr", 1}, {"weight_decay", 0}},
     {-1.13822782f, 0.631202996f, -0.0789400488f, -0.771722317f, 0.696271181f, 0.331674099f}},
    {"muon", "keras.Muon(0.1, rms_rate=None, weight_decay=0)", 0.1, CONSTANT, 2, {2, 3}, {{"adjust_lr", 1}, {"weight_decay", 0}},
     {-1.14111865f, 0.556381881f, -0.174874246f, -0.561008036f, 0.6800161f, 0.327487379f}},
    {"muon", "keras.Muon()", 0.001, CONSTANT, 2, {2, 3}, {{NULL, 0}},
     {-0.751336992f, 0.500183165f, -0.000605772249f, -0.500199318f, 0.749739587f, 0.25026235f}},
    {"muon", "keras.Muon(0.1, weight_decay=0.3, momentum=0.7, ns_steps=3, nesterov=False, rms_rate=None)", 0.1, CONSTANT, 2, {3, 2}, {{"weight_decay", 0.3}, {"momentum", 0.7}, {"ns_steps", 3}, {"nesterov", 0}, {"rms_rate", (double)NAN}},
     {-0.925538659f, 0.476416558f, -0.0578809343f, -0.651868403f, 0.563925922f, 0.246438026f}},
    {"muon", "keras.Muon(0.1, muon_a=2, muon_b=-1.5, muon_c=0.5, rms_rate=0.5)", 0.1, CONSTANT, 2, {2, 3}, {{"muon_a", 2}, {"muon_b", -1.5}, {"muon_c", 0.5}, {"rms_rate", 0.5}},
     {-1.11347628f, 0.561563969f, -0.150962606f, -0.586520553f, 0.684250534f, 0.30553329f}},
    {"muon", "keras.Muon(0.1, adam_beta_1=0.8, adam_beta_2=0.9, adam_weight_decay=0.2, epsilon=0.01, adam_lr_ratio=0.5)", 0.1, CONSTANT, 1, {6}, {{"adam_beta_1", 0.8}, {"adam_beta_2", 0.9}, {"adam_weight_decay", 0.2}, {"epsilon", 0.01}, {"adam_lr_ratio", 0.5}},
     {-0.838837445f, 0.533072829f, -0.0409530662f, -0.504473984f, 0.673909783f, 0.213106409f}},
};
/* clang-format on */
enum { TRAJECTORIES = sizeof trajectories / sizeof trajectories[0] };

static float start(int i) {
    return (float)((5 * i) % 7 - 3) / 4.0f;
}

static float gradient(int i, int t) {
    return ((float)((7 * i + 5 * t) % 11) - 4.5f) / 8.0f;
}

/* A tensor in training: weights, gradient and slots as padded matrices */
struct training {
    struct harness *harness;
    const runner_optimizer_ops *ops;
    void *config;
    runner_optimizer_plan plan;
    runner_step step;
    struct matrix w, g, slots[RUNNER_MAX_SLOTS];
};

static struct matrix slot_new(const struct training *training, uint32_t slot) {
    uint64_t rows = training->w.view.rows, columns = training->w.view.columns;
    if (training->plan.slot_shape[slot] == RUNNER_SLOT_ROWS)
        columns = 1;
    else if (training->plan.slot_shape[slot] == RUNNER_SLOT_COLUMNS)
        rows = 1;
    struct matrix matrix = matrix_new(rows, columns);
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t j = 0; j < columns; j++)
            *at(&matrix, i, j) = training->plan.slot_initial[slot];
    return matrix;
}

static void training_open(struct training *training, struct harness *harness, const struct trajectory *of) {
    const runner_component *component = component_find(harness, RUNNER_OPTIMIZER, of->name);
    *training = (struct training){.harness = harness, .ops = component->ops, .config = config_new(component)};
    for (int i = 0; i < MAX_SETTINGS && of->settings[i].param != NULL; i++)
        config_set(component, training->config, of->settings[i].param, of->settings[i].value);
    runner_shape shape = {.rank = of->rank};
    memcpy(shape.size, of->size, sizeof of->size);
    uint64_t columns = of->size[of->rank - 1], rows = runner_elements(&shape) / columns;
    training->plan =
        (runner_optimizer_plan){.size = sizeof training->plan, .tensor = {.name = "dense_1/kernel", .shape = shape}};
    call_reset(&harness->call);
    assert_int_equal(training->ops->plan(training->config, &harness->call.public, &training->plan), RUNNER_OK);
    training->step = (runner_step){.size = sizeof training->step};
    training->w = matrix_new(rows, columns);
    training->g = matrix_new(rows, columns);
    for (uint64_t i = 0; i < rows * columns; i++)
        *at(&training->w, i / columns, i % columns) = start((int)i);
    for (uint32_t s = 0; s < training->plan.slots; s++)
        training->slots[s] = slot_new(training, s);
}

static void training_close(struct training *training) {
    assert_padding_kept(&training->w);
    matrix_free(&training->w);
    matrix_free(&training->g);
    for (uint32_t s = 0; s < training->plan.slots; s++) {
        assert_padding_kept(&training->slots[s]);
        matrix_free(&training->slots[s]);
    }
    free(training->config);
}

static void training_update(struct training *training, double rate) {
    training->step.number++;
    training->step.rate = rate;
    if (training->ops->begin != NULL)
        training->ops->begin(training->config, &training->step);
    const runner_view *w = &training->w.view, *g = &training->g.view;
    if ((training->plan.flags & RUNNER_WHOLE_TENSOR) != 0) {
        runner_view slots[RUNNER_MAX_SLOTS];
        for (uint32_t s = 0; s < training->plan.slots; s++)
            slots[s] = training->slots[s].view;
        call_reset(&training->harness->call);
        training->ops->step_tensor(training->config, &training->harness->call.public, &training->step, w, g, slots);
        return;
    }
    for (uint64_t i = 0; i < w->rows; i++) {
        float *slots[RUNNER_MAX_SLOTS];
        for (uint32_t s = 0; s < training->plan.slots; s++)
            slots[s] = at(&training->slots[s], i, 0);
        training->ops->step(training->config, &training->step, w->columns, at(&training->w, i, 0),
                            at(&training->g, i, 0), slots);
    }
}

static void train(struct training *training, const struct trajectory *of) {
    uint64_t columns = training->w.view.columns, n = training->w.view.rows * columns;
    for (int t = 1; t <= UPDATES; t++) {
        for (uint64_t i = 0; i < n; i++)
            *at(&training->g, i / columns, i % columns) = gradient((int)i, t);
        training_update(training, of->fall == SHRINKING ? of->rate / t : of->rate);
    }
}

/* Keras computes powers of beta in float32, which costs 1 - beta^t some 1e-5 of its value: that much of the
   way may differ. */
static void trajectories_are_those_of_the_source(void **state) {
    for (int k = 0; k < TRAJECTORIES; k++) {
        const struct trajectory *of = &trajectories[k];
        struct training training;
        training_open(&training, *state, of);
        train(&training, of);
        uint64_t columns = training.w.view.columns;
        uint64_t n = training.w.view.rows * columns;
        float moved = 0;
        for (uint64_t i = 0; i < n; i++)
            moved = fmaxf(moved, fabsf(of->wanted[i] - start((int)i)));
        for (uint64_t i = 0; i < n; i++) {
            float found = *at(&training.w, i / columns, i % columns);
            if (!(fabsf(found - of->wanted[i]) <= 3e-7f + 1e-5f * moved))
                fail_msg("%s: %s: weight %d is %.9g, not %.9g", of->name, of->source, (int)i, (double)found,
                         (double)of->wanted[i]);
        }
        training_close(&training);
    }
}

/* Every setting changes the trajectory: none of them is read from the wrong place or not at all. */
static void settings_matter(void **state) {
    for (int k = 0; k < TRAJECTORIES; k++)
        for (int s = 0; s < MAX_SETTINGS && trajectories[k].settings[s].param != NULL; s++) {
            const char *param = trajectories[k].settings[s].param;
            if (strcmp(param, "relative_step") == 0 || /* nor does it in Keras */
                (strcmp(param, "adjust_lr") == 0 && trajectories[k].size[0] <= trajectories[k].size[1]))
                continue;
            struct trajectory without = trajectories[k];
            memmove(&without.settings[s], &without.settings[s + 1],
                    (size_t)(MAX_SETTINGS - 1 - s) * sizeof without.settings[0]);
            without.settings[MAX_SETTINGS - 1].param = NULL;
            struct training training;
            training_open(&training, *state, &without);
            train(&training, &without);
            uint64_t columns = training.w.view.columns, n = training.w.view.rows * columns;
            bool differs = false;
            for (uint64_t i = 0; i < n; i++)
                differs |= !(fabsf(*at(&training.w, i / columns, i % columns) - without.wanted[i]) <= 1e-6f);
            if (!differs)
                fail_msg("%s: %s: %s changes nothing", without.name, without.source, param);
            training_close(&training);
        }
}

/* Two trainings side by side, update by update, do not feel each other. */
static void no_state_outside_the_slots(void **state) {
    for (int k = 0; k < TRAJECTORIES; k++) {
        const struct trajectory *of = &trajectories[k];
        struct training alone, a, b;
        training_open(&alone, *state, of);
        train(&alone, of);
        training_open(&a, *state, of);
        training_open(&b, *state, of);
        uint64_t columns = a.w.view.columns, n = a.w.view.rows * columns;
        for (int t = 1; t <= UPDATES; t++) {
            for (uint64_t i = 0; i < n; i++) {
                *at(&a.g, i / columns, i % columns) = gradient((int)i, t);
                *at(&b.g, i / columns, i % columns) = -3 * gradient((int)i, t + 1);
            }
            training_update(&b, 0.2);
            training_update(&a, of->fall == SHRINKING ? of->rate / t : of->rate);
        }
        assert_matrix_equal(&a.w, &alone.w);
        training_close(&alone);
        training_close(&a);
        training_close(&b);
    }
}

static void muon_leaves_vectors_and_excluded_layers_to_adam(void **state) {
    struct training training;
    struct trajectory muon = {.name = "muon", .rank = 2, .size = {2, 3}};
    training_open(&training, *state, &muon);
    assert_int_equal(training.plan.flags & RUNNER_WHOLE_TENSOR, RUNNER_WHOLE_TENSOR);
    const runner_component *component = component_find(*state, RUNNER_OPTIMIZER, "muon");
    static const struct {
        const char *texts[2];
        uint64_t count;
        bool whole;
    } cases[] = {{{"dense_1"}, 1, false}, {{"dense_2"}, 1, true}, {{"dense_2", "kernel"}, 2, false}, {{NULL}, 0, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        runner_texts texts = {cases[i].texts, cases[i].count};
        for (uint32_t p = 0; p < component->n_params; p++)
            if (strcmp(component->params[p].name, "exclude_layers") == 0)
                memcpy((char *)training.config + component->params[p].offset, &texts, sizeof texts);
        runner_optimizer_plan plan = {.size = sizeof plan, .tensor = training.plan.tensor};
        training.ops->plan(training.config, &training.harness->call.public, &plan);
        assert_int_equal((plan.flags & RUNNER_WHOLE_TENSOR) != 0, cases[i].whole);
    }
    training_close(&training);
}

/* A gradient of zeros: no division by the norm or the moments of nothing. */
static void zero_gradients_leave_finite_weights(void **state) {
    static const char *const names[] = {"adamw", "rmsprop", "nadam", "adagrad", "lion", "lamb", "adafactor", "muon"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        for (uint32_t rank = 1; rank < 3; rank++) {
            struct training training;
            training_open(&training, *state, &(struct trajectory){.name = names[k], .rank = rank, .size = {3, 2}});
            for (uint64_t i = 0; i < training.g.view.rows; i++)
                memset(at(&training.g, i, 0), 0, training.g.view.columns * sizeof(float));
            training_update(&training, 0.1);
            for (uint64_t i = 0; i < training.w.view.rows; i++)
                for (uint64_t j = 0; j < training.w.view.columns; j++)
                    assert_true(isfinite(*at(&training.w, i, j)));
            training_close(&training);
        }
}

/* A constant gradient has variance 0, which float32 takes below 0. */
static void centered_rmsprop_survives_a_constant_gradient(void **state) {
    struct training training;
    training_open(&training, *state,
                  &(struct trajectory){.name = "rmsprop", .rank = 1, .size = {6}, .settings = {{"centered", 1}}});
    for (int t = 0; t < 500; t++) {
        for (uint64_t i = 0; i < 6; i++)
            *at(&training.g, 0, i) = 1e3f + (float)i * 0.37f;
        training_update(&training, 0.001);
    }
    for (uint64_t i = 0; i < 6; i++)
        assert_true(isfinite(*at(&training.w, 0, i)));
    training_close(&training);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trajectories_are_those_of_the_source),
        cmocka_unit_test(settings_matter),
        cmocka_unit_test(no_state_outside_the_slots),
        cmocka_unit_test(muon_leaves_vectors_and_excluded_layers_to_adam),
        cmocka_unit_test(zero_gradients_leave_finite_weights),
        cmocka_unit_test(centered_rmsprop_survives_a_constant_gradient),
    };
    return cmocka_run_group_tests(tests, harness_open, harness_close);
}
