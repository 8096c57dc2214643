/* Layers that break one promise each; tests/e2e/plugin_test.sh has the reason with which `runner plugin test` finds each out. */
#include <runner/plugin.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int plan(void *config, runner_call *call, runner_plan *plan) {
    (void)config, (void)call;
    plan->output = plan->inputs[0];
    plan->flags = RUNNER_KEEP_INPUT;
    return RUNNER_OK;
}

static int plan_elementwise(void *config, runner_call *call, runner_plan *plan_) {
    plan(config, call, plan_);
    plan_->flags |= RUNNER_ELEMENTWISE;
    return RUNNER_OK;
}

static int plan_by_inputs(void *config, runner_call *call, runner_plan *plan_) {
    plan(config, call, plan_);
    plan_->flags |= RUNNER_INPUT_COLUMNS;
    return RUNNER_OK;
}

static int plan_input_rows(void *config, runner_call *call, runner_plan *plan_) {
    plan(config, call, plan_);
    plan_->flags |= RUNNER_INPUT_ROWS;
    return RUNNER_OK;
}

static int plan_outer(void *config, runner_call *call, runner_plan *plan_) {
    plan(config, call, plan_);
    plan_->flags |= RUNNER_OUTER_GRADIENT;
    plan_->tensors[0] = (runner_tensor){
        .name = "kernel", .shape = {.rank = 2, .size = {plan_->inputs[0].size[0], plan_->inputs[0].size[0]}}};
    plan_->n_tensors = plan_->inputs[0].rank == 1;
    return RUNNER_OK;
}

static int plan_input_sum(void *config, runner_call *call, runner_plan *plan_) {
    if (plan_->inputs[0].rank != 1 || plan_->inputs[0].size[0] == 0)
        return call->host->fail(call, "wanted a vector");
    plan_outer(config, call, plan_);
    plan_->flags = RUNNER_INPUT_SUM;
    plan_->tensors[0].flags = RUNNER_STATE;
    return RUNNER_OK;
}

static int plan_nameless(void *config, runner_call *call, runner_plan *plan_) {
    plan(config, call, plan_);
    plan_->tensors[0].shape = (runner_shape){1, {10}};
    plan_->n_tensors = 1;
    return RUNNER_OK;
}

static int plan_forgetful(void *config, runner_call *call, runner_plan *plan_) {
    plan(config, call, plan_);
    plan_->flags = 0; /* and yet backward() reads the input */
    return RUNNER_OK;
}

/* y = factor x^2 + shift */
static void squares(const runner_rows *run, float shift) {
    for (uint64_t i = 0; i < run->rows; i++)
        for (uint64_t j = 0; j < run->output->columns; j++) {
            float x = run->inputs[0].data[i * run->inputs[0].pitch + j];
            run->output->data[i * run->output->pitch + j] = x * x + shift;
        }
}

static void slopes(const runner_rows *run, float factor) {
    const runner_view *dx = &run->input_deltas[0];
    for (uint64_t i = 0; i < dx->rows; i++)
        for (uint64_t j = 0; j < dx->columns; j++)
            dx->data[i * dx->pitch + j] = factor * run->inputs[0].data[i * run->inputs[0].pitch + j] *
                                          run->output_delta->data[i * run->output_delta->pitch + j];
}

static void forward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    squares(run, 0);
}

static void backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    slopes(run, 2);
}

static void wrong_backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    slopes(run, 1.98f);
}

__attribute__((no_sanitize("address", "undefined"))) static void beyond(const void *config, runner_call *call,
                                                                        const runner_rows *run) {
    (void)config, (void)call;
    squares(run, 0);
    run->output->data[(run->rows - 1) * run->output->pitch + run->output->columns] = 7;
}

__attribute__((no_sanitize("address", "undefined"))) static void far_beyond(const void *config, runner_call *call,
                                                                            const runner_rows *run) {
    (void)config, (void)call;
    squares(run, 0);
    volatile float *saved = (volatile float *)(void *)((unsigned char *)run->output->data +
                                                       run->rows * run->output->pitch * sizeof(float) + 8000);
    *saved = 7;
}

static void writes_input(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    squares(run, 0);
    run->inputs[0].data[0] += 1;
}

static void counts(const void *config, runner_call *call, const runner_rows *run) {
    static float calls;
    (void)config, (void)call;
    squares(run, calls);
    calls += 1;
}

static void keeps_scratch(const void *config, runner_call *call, const runner_rows *run) {
    static volatile float last; /* whose value does not show, but which threads would share */
    (void)config, (void)call;
    squares(run, 0);
    last = run->output->data[0];
    run->output->data[0] = last;
}

/* Of memory that a thread has for itself: the address in 10 bits, all of it, since such memory often lies at the same place of larger blocks. */
static unsigned place_of(const void *memory) {
    uintptr_t page = (uintptr_t)memory >> 12;
    return (unsigned)((page ^ page >> 10 ^ page >> 20) & 1023);
}

static void by_thread(const void *config, runner_call *call, const runner_rows *run) {
    static _Thread_local float calls;
    (void)config, (void)call;
    squares(run, 0 * calls + (float)place_of(&calls));
    calls += 1;
}

static void by_first_row(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    squares(run, run->inputs[0].data[0]); /* of the slice: another one where rows are cut differently */
}

static void unwritten(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    float *scratch = call->host->scratch(call, sizeof *scratch);
    squares(run, 0 * run->inputs[0].data[0] + *scratch);
}

static void neighbours(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    squares(run, 0);
    for (uint64_t i = 0; i < run->rows; i++)
        for (uint64_t j = 1; j < run->output->columns; j++)
            run->output->data[i * run->output->pitch + j] += run->inputs[0].data[i * run->inputs[0].pitch + j - 1];
}

static void differs(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    squares(run, run->training ? 0 : 1);
}

static void crashes(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call, (void)run;
    abort();
}

static void leaves(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call, (void)run;
    exit(0);
}

static void prints(const void *config, runner_call *call, const runner_rows *run) {
    (void)config, (void)call;
    printf("forward of %d rows\n", (int)run->rows);
    squares(run, 0);
}

static void divides(const void *config, runner_call *call, const runner_rows *run) {
    forward(config, call, run);
    run->output->data[0] = run->output->data[0] > 0 ? (float)NAN : 0;
}

/* The bias comes after the product, not before it. */
static void adds_last(const void *config, runner_call *call, const runner_rows *run) {
    const runner_view *y = run->output;
    (void)config;
    call->host->product(call, 0, 1, &run->inputs[0], &run->tensors[0], 0, y);
    for (uint64_t i = 0; i < y->rows; i++)
        for (uint64_t j = 0; j < y->columns; j++)
            y->data[i * y->pitch + j] += 0.1f;
}

static void adds_last_backward(const void *config, runner_call *call, const runner_rows *run) {
    (void)config;
    if (run->input_deltas[0].rows > 0)
        call->host->product(call, RUNNER_TRANSPOSE_B, 1, run->output_delta, &run->tensors[0], 0, &run->input_deltas[0]);
}

#define LAYER(name_, plan_, forward_, backward_)                                                                       \
    static const runner_layer_ops name_ = {                                                                            \
        .size = sizeof name_, .plan = plan_, .forward = forward_, .backward = backward_};
LAYER(wrong_gradient, plan, forward, wrong_backward)
LAYER(out_of_bounds, plan, beyond, backward)
LAYER(far_out_of_bounds, plan, far_beyond, backward)
LAYER(moves_input, plan, writes_input, backward)
LAYER(hidden_state, plan, counts, backward)
LAYER(static_scratch, plan, keeps_scratch, backward)
LAYER(thread_dependent, plan, by_thread, backward)
LAYER(cut_dependent, plan, by_first_row, backward)
LAYER(reads_unwritten, plan, unwritten, backward)
LAYER(not_elementwise, plan_elementwise, neighbours, backward)
LAYER(not_by_inputs, plan_by_inputs, forward, backward)
LAYER(not_input_rows, plan_input_rows, forward, backward)
LAYER(not_outer, plan_outer, forward, backward)
LAYER(not_input_sum, plan_input_sum, adds_last, adds_last_backward)
LAYER(not_kept, plan_forgetful, forward, backward)
LAYER(training_differs, plan, differs, backward)
LAYER(aborts, plan, crashes, backward)
LAYER(exits, plan, leaves, backward)
LAYER(noisy, plan, prints, backward)
LAYER(not_finite, plan, divides, backward)
LAYER(nameless, plan_nameless, forward, backward)

#define COMPONENT(name_)                                                                                               \
    { .kind = RUNNER_LAYER, .name = #name_, .doc = "breaks a promise", .ops = &name_ }
static const runner_component components[] = {
    COMPONENT(wrong_gradient),  COMPONENT(out_of_bounds),   COMPONENT(far_out_of_bounds), COMPONENT(moves_input),
    COMPONENT(hidden_state),    COMPONENT(static_scratch),  COMPONENT(thread_dependent),  COMPONENT(cut_dependent),
    COMPONENT(reads_unwritten), COMPONENT(not_elementwise), COMPONENT(not_by_inputs),     COMPONENT(not_input_rows),
    COMPONENT(not_outer),       COMPONENT(not_kept),        COMPONENT(training_differs),  COMPONENT(aborts),
    COMPONENT(exits),           COMPONENT(noisy),           COMPONENT(not_finite),        COMPONENT(nameless),
    COMPONENT(not_input_sum)};
RUNNER_PLUGIN(components, "1.0.0")
